"""The node: parameters, inputs, outputs, and the wiring between them."""
from vla_core.program import program

main = program('vla_execution.node.execution')
