"""`python -m vla_control.loop`: runs the LoopConfiguration given as JSON on standard input."""

import sys

from vla_control.loop.configuration import LoopConfiguration
from vla_control.loop.process import run

if __name__ == '__main__':
    sys.exit(run(LoopConfiguration.model_validate_json(sys.stdin.read())))
