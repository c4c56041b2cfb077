"""Measurements of the cameras, run by `make bench`."""
