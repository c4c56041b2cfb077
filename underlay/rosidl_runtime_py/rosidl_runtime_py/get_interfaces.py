"""What interfaces are installed, and the files that define them."""
from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from ament_index_python import get_resource, get_resources, has_resource

RESOURCE_TYPE = 'rosidl_interfaces'


def get_interface_packages() -> dict[str, str]:
    """Return the packages that define interfaces, with the prefix each is installed under."""
    return get_resources(RESOURCE_TYPE)


def get_interfaces(package_names: Iterable[str] = ()) -> dict[str, list[str]]:
    """
    Return the interfaces of packages (of all packages when none is named) as 'msg/Name' and so on.

    A package without interfaces is left out; an unknown one raises LookupError.
    """
    return _select(package_names, ('msg', 'srv', 'action'))


def get_message_interfaces(package_names: Iterable[str] = ()) -> dict[str, list[str]]:
    """Return the messages of packages, as get_interfaces does."""
    return _select(package_names, ('msg',))


def get_service_interfaces(package_names: Iterable[str] = ()) -> dict[str, list[str]]:
    """Return the services of packages, as get_interfaces does."""
    return _select(package_names, ('srv',))


def get_action_interfaces(package_names: Iterable[str] = ()) -> dict[str, list[str]]:
    """Return the actions of packages, as get_interfaces does."""
    return _select(package_names, ('action',))


def get_interface_path(interface_name: str) -> str:
    """
    Return the file that defines an interface, such as 'std_msgs/msg/String'.

    Without a suffix the .msg, .srv or .action file is preferred to the .idl one. Raises ValueError
    for a malformed name and LookupError when the package or the interface is not installed.
    """
    parts = interface_name.split('/')
    if len(parts) < 2 or not all(parts) or '..' in parts:
        raise ValueError(
            f"Invalid name '{interface_name}': expected 'package/msg/Name' or the like")
    prefix = has_resource('packages', parts[0])
    if not prefix:
        raise LookupError(f"Unknown package '{parts[0]}'")
    path = Path(prefix, 'share', *parts)
    candidates = [path] if path.suffix else [
        path.with_suffix(f'.{parts[-2]}'), path.with_suffix('.idl')]
    for candidate in candidates:
        if candidate.is_file():
            return str(candidate)
    raise LookupError(f"Could not find the interface '{interface_name}' in '{prefix}'")


def _select(package_names: Iterable[str], folders: tuple[str, ...]) -> dict[str, list[str]]:
    found = {}
    for package in list(package_names) or get_interface_packages():
        if not has_resource('packages', package):
            raise LookupError(f"Unknown package '{package}'")
        if not has_resource(RESOURCE_TYPE, package):
            continue
        listing, _ = get_resource(RESOURCE_TYPE, package)
        names = {
            str(PurePosixPath(line).with_suffix(''))
            for line in listing.splitlines()
            if '_' not in line and line.split('/')[0] in folders
            and line.endswith(('.idl', '.' + line.split('/')[0]))
        }
        if names:
            found[package] = sorted(names)
    return found
