"""Launch for ROS 2 nodes."""
from launch.unsupported import refuse_names

from . import actions, descriptions, event_handlers, events, substitutions, utilities

__all__ = ['actions', 'descriptions', 'event_handlers', 'events', 'substitutions', 'utilities']

__getattr__ = refuse_names(__name__, ['parameters_type', 'remap_rule_type'])
