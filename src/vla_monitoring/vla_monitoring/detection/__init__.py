"""Failure detection from what a policy has in mind: scores over time, and when to call an alarm."""
