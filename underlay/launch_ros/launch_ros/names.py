"""Names of nodes and namespaces."""
import re

__all__ = [
    'check_namespace',
    'check_node_name',
    'is_namespace_absolute',
    'is_root_namespace',
    'make_namespace_absolute',
    'prefix_namespace',
]

_NAME = re.compile(r'[A-Za-z_][A-Za-z0-9_]*')


def is_namespace_absolute(ns: str) -> bool:
    """Return whether `ns` begins with a slash."""
    return ns.startswith('/')


def is_root_namespace(ns: str) -> bool:
    """Return whether `ns` is the root."""
    return ns == '/'


def make_namespace_absolute(ns: str | None) -> str | None:
    """Return `ns` below the root, None as None."""
    if ns is None or is_namespace_absolute(ns):
        return ns
    return f'/{ns}'


def prefix_namespace(base_ns: str | None, ns: str | None) -> str | None:
    """Return `ns` below `base_ns` unless it is absolute; None stands for no namespace."""
    if ns is None or base_ns is None:
        joined = base_ns if ns is None else ns
    elif is_namespace_absolute(ns) or not base_ns:
        joined = ns
    else:
        joined = f'{base_ns.rstrip("/")}/{ns}'
    if joined is None or is_root_namespace(joined):
        return joined
    return joined.rstrip('/')


def check_node_name(name: str) -> None:
    """Raise ValueError unless `name` is letters, digits and underscores, no digit first."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            f'node name {name!r} is not made of letters, digits and underscores, no digit first')


def check_namespace(namespace: str) -> None:
    """Raise ValueError unless the absolute `namespace` is made of valid names."""
    if is_root_namespace(namespace):
        return
    if not all(_NAME.fullmatch(token) for token in namespace[1:].split('/')):
        raise ValueError(f'namespace {namespace!r} is not made of valid names between slashes')
