"""MuJoCo worlds, language tasks, experts, cameras and evaluation."""
