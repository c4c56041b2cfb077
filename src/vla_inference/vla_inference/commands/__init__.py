"""Commands."""
from vla_core.program import program

run_tell = program('vla_inference.commands.tell')
run_calibrate_delays = program('vla_inference.commands.calibrate_delays')
