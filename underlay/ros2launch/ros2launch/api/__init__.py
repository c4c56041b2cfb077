"""Find, show and run launch files."""
from launch.unsupported import refuse_names

from .find import (
    MultipleLaunchFilesError,
    get_launch_file_paths,
    get_share_file_path_from_package,
    is_launch_file,
)
from .run import UndeclaredArgumentError, launch_a_launch_file, parse_launch_arguments
from .show import (
    print_a_launch_file,
    print_arguments_of_launch_description,
    print_arguments_of_launch_file,
)

__all__ = [
    'MultipleLaunchFilesError',
    'UndeclaredArgumentError',
    'get_launch_file_paths',
    'get_share_file_path_from_package',
    'is_launch_file',
    'launch_a_launch_file',
    'parse_launch_arguments',
    'print_a_launch_file',
    'print_arguments_of_launch_description',
    'print_arguments_of_launch_file',
]

__getattr__ = refuse_names(__name__, ['LaunchFileNameCompleter'])
