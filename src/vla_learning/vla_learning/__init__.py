"""Training and fine-tuning of policies. No ROS."""
