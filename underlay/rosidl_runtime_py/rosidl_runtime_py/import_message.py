"""The Python class of an interface, from its parsed type."""
from __future__ import annotations

import importlib
from typing import Any

from rosidl_parser.definition import NamespacedType


def import_message_from_namespaced_type(message_type: NamespacedType) -> Any:
    """
    Import the class that a type names.

    Raises ModuleNotFoundError when the package is not installed and AttributeError when it has
    no such interface.
    """
    module = importlib.import_module('.'.join(message_type.namespaces))
    if message_type.name.endswith('_FeedbackMessage'):
        action, part = message_type.name.rsplit('_', 1)
        return getattr(getattr(module, action).Impl, part)
    return getattr(module, message_type.name)
