"""Handlers for the events that happen to nodes."""
from .on_state_transition import OnStateTransition

__all__ = ['OnStateTransition']
