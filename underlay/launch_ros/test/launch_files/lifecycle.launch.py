"""A managed node that is configured, activated, and then ends the launch."""
from launch import LaunchDescription
from launch.actions import EmitEvent, LogInfo, RegisterEventHandler, Shutdown
from launch.events import matches_action
from launch_ros.actions import LifecycleNode
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from lifecycle_msgs.msg import Transition


def generate_launch_description():
    node = LifecycleNode(
        package='probe_package', executable='managed', name='managed', namespace='here',
        output='screen')

    def request(transition_id):
        return EmitEvent(event=ChangeState(
            lifecycle_node_matcher=matches_action(node), transition_id=transition_id))

    return LaunchDescription([
        node,
        RegisterEventHandler(OnStateTransition(
            target_lifecycle_node=node, goal_state='inactive',
            entities=[LogInfo(msg='is inactive'), request(Transition.TRANSITION_ACTIVATE)])),
        RegisterEventHandler(OnStateTransition(
            target_lifecycle_node=node, start_state='activating', goal_state='active',
            entities=[LogInfo(msg='is active'), Shutdown(reason='done')])),
        request(Transition.TRANSITION_CONFIGURE),
    ])
