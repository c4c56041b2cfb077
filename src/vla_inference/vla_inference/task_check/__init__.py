"""The check of a simulated task, live."""
from vla_core.program import program

main = program('vla_inference.task_check.node')
