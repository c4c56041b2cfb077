"""Events that happen to nodes."""
from . import lifecycle
from .matches_node_name import matches_node_name

__all__ = ['lifecycle', 'matches_node_name']
