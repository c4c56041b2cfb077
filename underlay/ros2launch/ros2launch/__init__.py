"""The ros2 launch command as functions."""
