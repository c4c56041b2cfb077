"""Bags to LeRobotDataset: ``python -m vla_recording.export``."""
