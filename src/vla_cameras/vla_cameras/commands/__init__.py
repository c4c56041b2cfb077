"""Commands of `ros2 run vla_cameras …`: arguments, live topics, and what is said at the end."""
