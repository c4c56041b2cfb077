import sys

from ros2cli.cli import main

sys.exit(main())
