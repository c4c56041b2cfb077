"""The robot in a browser."""
