"""Measurements of monitoring."""
