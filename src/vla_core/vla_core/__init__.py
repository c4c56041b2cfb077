"""Vocabulary of the stack without ROS: robot profile, action space, action chunk, observation, rotations, limits, clocks, typed parameters."""
