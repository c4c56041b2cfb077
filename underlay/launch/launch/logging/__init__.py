"""Log of the launch: screen, log files, and the output of processes."""
from .launch_config import LaunchConfig, launch_config
from .loggers import get_logger, get_output_loggers, log_launch_config, one_line, reset

__all__ = [
    'LaunchConfig',
    'get_logger',
    'get_output_loggers',
    'launch_config',
    'log_launch_config',
    'one_line',
    'reset',
]
