"""What may go wrong while a policy acts, and what is done about it."""
from vla_core.program import program

main = program('vla_monitoring.supervision.node')
