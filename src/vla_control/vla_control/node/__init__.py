"""The controller manager: ROS around the loop, with ros2_control's services and CRISP's topics."""
