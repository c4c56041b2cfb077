"""The check of a simulated task, live."""
