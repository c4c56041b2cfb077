"""Sources of launch descriptions."""
from ..invalid_launch_file_error import InvalidLaunchFileError
from ..unsupported import refuse_names
from .any_launch_description_source import (
    AnyLaunchDescriptionSource,
    get_launch_description_from_any_launch_file,
)
from .python_launch_description_source import (
    InvalidPythonLaunchFileError,
    PythonLaunchDescriptionSource,
    get_launch_description_from_python_launch_file,
    load_python_launch_file_as_module,
)

__all__ = [
    'AnyLaunchDescriptionSource',
    'InvalidLaunchFileError',
    'InvalidPythonLaunchFileError',
    'PythonLaunchDescriptionSource',
    'get_launch_description_from_any_launch_file',
    'get_launch_description_from_python_launch_file',
    'load_python_launch_file_as_module',
]

__getattr__ = refuse_names(__name__, [
    'FrontendLaunchDescriptionSource',
    'InvalidFrontendLaunchFileError',
    'get_launch_description_from_frontend_launch_file',
])
