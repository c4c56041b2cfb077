"""The robot in a browser."""
from vla_core.program import program

main = program('vla_monitoring.web.node')
