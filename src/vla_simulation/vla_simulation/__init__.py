"""MuJoCo worlds, language tasks, success checks, scripted experts, simulated cameras and lockstep evaluation. No ROS."""
