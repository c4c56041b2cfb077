"""Failure detection from what a policy has in mind: scores over time, and when to call an alarm."""
from vla_core.program import program

main = program('vla_monitoring.detection.node')
