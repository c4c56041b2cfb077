"""The node: parameters, what is known of the robot, outputs, and the wiring between them."""
from vla_core.program import program

main = program('vla_teleop.node.teleop')
