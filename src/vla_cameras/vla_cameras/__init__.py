"""Camera nodes and calibration."""
from vla_core.program import program

main = program('vla_cameras.node')
