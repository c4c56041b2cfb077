"""Child processes: how they are started, listened to, and ended with all they started."""
from .output_lines import OutputLines
from .process_connection import ProcessConnection, start_process
from .process_tree import ProcessTree
from .terminator import Terminator, wait_first

__all__ = [
    'OutputLines', 'ProcessConnection', 'ProcessTree', 'Terminator', 'start_process', 'wait_first',
]
