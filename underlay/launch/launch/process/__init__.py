"""Child processes: how they are started, listened to, and ended with all they started."""
from .output_lines import OutputLines
from .process_details import ProcessDetails
from .process_tree import ProcessTree
from .running_process import RunningProcess
from .terminator import wait_first

__all__ = ['OutputLines', 'ProcessDetails', 'ProcessTree', 'RunningProcess', 'wait_first']
