"""A bridge to robots that a genuine ros2_control controller manager runs, or Interbotix' driver."""
