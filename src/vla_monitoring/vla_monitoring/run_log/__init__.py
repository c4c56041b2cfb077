"""One folder a run: what ran, with which parameters, what happened, how fast it was."""
from vla_core.program import program

main = program('vla_monitoring.run_log.node')
