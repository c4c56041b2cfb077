"""`python -m vla_datasets <info|verify|merge|split|filter|stats|convert> …`."""
import sys

from .command_line import main

sys.exit(main())
