"""What the policy intends and what the robot does, for eyes."""
from vla_core.program import program

main = program('vla_monitoring.visualisation.node')
