"""Packages that only some clients need, imported where they are used."""
import importlib
from types import ModuleType

from vla_core.validation import ConfigurationError

__all__ = ['need']


def need(module: str, package: str, address: str) -> ModuleType:
    """The module; ConfigurationError, naming the package to install, where it is missing."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ConfigurationError(
            f'{address}: needs the Python package {package}; install it with pip install {package}'
        ) from error
