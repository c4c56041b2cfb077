"""The inference node."""
