"""What the policy intends and what the robot does, for eyes."""
