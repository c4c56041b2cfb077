"""Observation assembly, the inference node and the task action server."""
