"""Child processes: how they are started, listened to, and ended with all they started."""
from .output_lines import OutputLines
from .process_connection import ProcessConnection, start_process
from .process_tree import ProcessTree

__all__ = ['OutputLines', 'ProcessConnection', 'ProcessTree', 'start_process']
