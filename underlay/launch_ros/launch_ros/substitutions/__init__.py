"""Texts about packages."""
from launch.embedded_substitutions import EMBEDDED
from launch.unsupported import refuse_names

from .executable_in_package import ExecutableInPackage
from .find_package import FindPackage, FindPackagePrefix, FindPackageShare

__all__ = ['ExecutableInPackage', 'FindPackage', 'FindPackagePrefix', 'FindPackageShare']

EMBEDDED.update({
    'exec-in-pkg': lambda executable, package: ExecutableInPackage(
        executable=executable, package=package),
    'find-pkg-prefix': FindPackagePrefix,
    'find-pkg-share': FindPackageShare,
})

__getattr__ = refuse_names(__name__, ['Parameter'])
