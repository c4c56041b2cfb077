"""The controller manager: ROS around the loop, with ros2_control's services and CRISP's topics."""
from vla_core.program import program

main = program('vla_control.node.controller_manager')
