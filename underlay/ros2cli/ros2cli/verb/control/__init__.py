"""Verbs of `ros2 control`."""
