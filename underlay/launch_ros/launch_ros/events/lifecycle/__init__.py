"""Events in the life of managed nodes."""
from ..matches_node_name import matches_node_name
from .change_state import ChangeState
from .state_transition import StateTransition

__all__ = ['ChangeState', 'StateTransition', 'matches_node_name']
