"""Control laws: pure functions of state and reference, without ROS, clocks or hardware."""
