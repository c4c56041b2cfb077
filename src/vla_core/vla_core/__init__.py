"""Vocabulary of the stack without ROS: what every other package means by its words."""
