"""``python -m vla_recording.export BAG… --contract NAME --out FOLDER``."""
import sys

from vla_recording.export.command_line import main

if __name__ == '__main__':
    sys.exit(main())
