"""The inference node."""
from vla_core.program import program

main = program('vla_inference.node.inference_node')
