"""Tools of the repository are importable in the whole-system tests."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'tools'))
