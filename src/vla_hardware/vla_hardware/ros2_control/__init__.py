"""A bridge to robots that a genuine ros2_control controller manager runs, or Interbotix' driver."""
from vla_core.program import program

main = program('vla_hardware.ros2_control.node')
