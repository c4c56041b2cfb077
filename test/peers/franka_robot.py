"""
A simulated Franka: `franka-sim`, unmodified in what it speaks, with what a person does to a robot.

Runs in the environment of requirements/peers/franka.txt. Besides the protocol that `franka-sim`
serves, a line of JSON on stdin is carried out and answered by one on stdout:

    {"do": "state"}                          positions, velocities, mode, worst gap between states
    {"do": "mode", "mode": "kUserStopped"}   as the user stop, guiding or Desk would
    {"do": "push", "wrench": [...], "seconds": 0.5}    on the hand, base axes
    {"do": "object", "width": 0.03}          something between the fingers; null takes it away
    {"do": "mute", "seconds": 0.5}           no states go out, as with a broken cable

`franka-sim` applies a command that comes after its cycle; here it is dropped, as the Franka Control
Interface documents ("System requirements"). Nor does it know contact: here a push beyond the
collision thresholds that the client has set ends the motion as a Cartesian reflex does, and
O_F_ext_hat_K is the arm's answer to it.
"""
import argparse
import json
import logging
import os
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace

import mujoco
import numpy as np
from franka_sim import mujoco_franka_sim
from franka_sim.franka_protocol import MoveStatus, SetCollisionBehaviorCommand
from franka_sim.franka_sim_server import FrankaSimServer
from franka_sim.gripper.backend import FrankaHandSim
from franka_sim.gripper.server import FrankaGripperServer
from franka_sim.server.constants import RobotMode

CARTESIAN_REFLEX = 7  # its place in libfranka's list of errors


# The servos of franka-sim are tuned for heavier motors than those of our model: with these an
# explicit step of 1 ms is stable (damping · 1 ms < inertia).
SERVO_DAMPING = np.array([300.0, 300.0, 150.0, 150.0, 50.0, 50.0, 50.0])  # N·m·s/rad


class MovingHand(FrankaHandSim):
    """The hand of franka-sim, at a speed: its motions take their time, as the real one's do."""

    def __init__(self) -> None:
        super().__init__()
        self._shown = super().get_state().width
        self._moving = False

    def _travel(self, speed: float) -> None:
        self._moving = True
        aim = super().get_state().width
        start, begun = self._shown, time.monotonic()
        duration = abs(aim - start) / max(speed, 1e-3)
        while (elapsed := time.monotonic() - begun) < duration:
            self._shown = start + (aim - start) * elapsed / duration
            time.sleep(0.005)
        self._shown, self._moving = aim, False

    def homing(self):
        done = super().homing()
        self._travel(0.1)
        return done

    def move(self, width, speed):
        done = super().move(width, speed)
        reached = abs(super().get_state().width - width) < 1e-3
        self._travel(speed)
        return done and reached

    def grasp(self, width, epsilon_inner, epsilon_outer, speed, force):
        done = super().grasp(width, epsilon_inner, epsilon_outer, speed, force)
        self._travel(speed)
        return done

    def get_state(self):
        state = super().get_state()
        return replace(state, width=self._shown,
                       is_grasped=state.is_grasped and not self._moving)


class Robot(FrankaSimServer):
    """The server, with hands on it."""

    chosen_mode = RobotMode.kIdle  # by a person; it outlives a connection

    def __init__(self, **arguments) -> None:
        super().__init__(**arguments)
        self.upper_wrench = np.full(6, np.inf)
        self.muted_until = 0.0
        self.hand_body = mujoco.mj_name2id(
            self.physics_sim.model, mujoco.mjtObj.mjOBJ_BODY, 'fr3_hand')

    def reset_state(self):
        super().reset_state()
        self.robot_state.state['robot_mode'] = self.chosen_mode

    def handle_set_collision_behavior_command(self, client_socket, header, payload):
        command = SetCollisionBehaviorCommand.from_bytes(payload)
        self.upper_wrench = np.array(command.upper_force_thresholds_nominal)
        super().handle_set_collision_behavior_command(client_socket, header, payload)

    def _refuse_move_while_latched(self, client_socket, header):
        if self.robot_state.state['robot_mode'] in (
                RobotMode.kUserStopped, RobotMode.kGuiding, RobotMode.kOther):
            self.send_move_response(client_socket, command_id=header.command_id,
                                    status=MoveStatus.kCommandNotPossibleRejected)
            return True
        return super()._refuse_move_while_latched(client_socket, header)

    def handle_stop_move_command(self, client_socket, header):
        super().handle_stop_move_command(client_socket, header)
        if self.chosen_mode is not RobotMode.kIdle:
            self.robot_state.state['robot_mode'] = self.chosen_mode

    def _absorb_within_motion_limits(self, command, *, fresh):
        return fresh and super()._absorb_within_motion_limits(command, fresh=fresh)

    def _account_for_communication_cycle(self):
        while time.monotonic() < self.muted_until:
            time.sleep(0.001)
        super()._account_for_communication_cycle()

    def enter_mode(self, mode: RobotMode) -> None:
        """A person switches the robot to another mode; a motion ends on it."""
        self.chosen_mode = mode
        with self._motion_lock:
            moving = bool(self.current_motion_id)
            if moving:
                self._abort_with_error((), f'a person chose {mode.name}')
                motion, _, packed = self._pending_move_response or (0, None, 0)
                if motion:
                    self._pending_move_response = motion, MoveStatus.kEmergencyAborted, packed
            self.robot_state.state['robot_mode'] = mode

    def push(self, wrench: np.ndarray, seconds: float) -> None:
        """Push the hand; a reflex ends the motion where the thresholds are passed."""
        data = self.physics_sim.data
        state = self.robot_state.state
        end = time.monotonic() + seconds
        if np.any(np.abs(wrench) > self.upper_wrench):
            self._abort_with_error(CARTESIAN_REFLEX, 'pushed beyond the collision thresholds')
        while time.monotonic() < end:
            data.xfrc_applied[self.hand_body] = wrench
            state['O_F_ext_hat_K'] = (-wrench).tolist()
            time.sleep(0.001)
        data.xfrc_applied[self.hand_body] = 0.0
        state['O_F_ext_hat_K'] = [0.0] * 6


class Watch(threading.Thread):
    """The longest that the server went without sending a state: its own starvation."""

    def __init__(self, robot: Robot) -> None:
        super().__init__(daemon=True)
        self._robot = robot
        self.worst = 0.0

    def run(self) -> None:
        sent, since = 0, time.monotonic()
        while True:
            time.sleep(0.002)
            now = time.monotonic()
            if self._robot.states_sent != sent or not self._robot.transmitting_state \
                    or now < self._robot.muted_until + 0.1:
                sent, since = self._robot.states_sent, now
            self.worst = max(self.worst, now - since)


def answer(robot: Robot, hand: MovingHand, watch: Watch, request: dict) -> dict:
    what = request['do']
    if what == 'state':
        snapshot = robot.physics_sim.get_robot_state()
        worst, watch.worst = watch.worst, 0.0
        return {'position': snapshot['q'].tolist(), 'velocity': snapshot['dq'].tolist(),
                'mode': RobotMode(robot.robot_state.state['robot_mode']).name,
                'worst_gap_s': worst}
    if what == 'mode':
        robot.enter_mode(RobotMode[request['mode']])
    elif what == 'push':
        threading.Thread(target=robot.push, daemon=True, args=(
            np.array(request['wrench'], dtype=float), request['seconds'])).start()
    elif what == 'object':
        hand.set_object_width(request['width'])
    elif what == 'mute':
        robot.muted_until = time.monotonic() + request['seconds']
    else:
        return {'error': f'no such request: {what}'}
    return {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--host', default='127.0.0.1')
    parser.add_argument('--home', type=json.loads, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr,
                        format='%(asctime)s %(levelname)s %(message)s')
    mujoco_franka_sim.ARM_INITIAL_Q[:] = arguments.home
    mujoco_franka_sim.ARM_POSITION_KP[:] = 10.0 * SERVO_DAMPING
    mujoco_franka_sim.ARM_POSITION_KD[:] = SERVO_DAMPING
    mujoco_franka_sim.ARM_VELOCITY_KV[:] = SERVO_DAMPING
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(70))
    sys.setswitchinterval(1e-4)
    physics = mujoco_franka_sim.MujocoFrankaSim()
    physics.initialize_simulation()
    hand = MovingHand()
    robot = Robot(host=arguments.host, physics_sim=physics, enable_gripper=False,
                  enforce_comm_constraints=True, enforce_motion_limits=True)
    robot.gripper_server = FrankaGripperServer(host=arguments.host, backend=hand)
    watch = Watch(robot)
    watch.start()
    threading.Thread(target=serve_stdin, args=(robot, hand, watch), daemon=True).start()
    robot.start()


def serve_stdin(robot: Robot, hand: MovingHand, watch: Watch) -> None:
    for line in sys.stdin:
        print(json.dumps(answer(robot, hand, watch, json.loads(line))), flush=True)
    os._exit(0)


if __name__ == '__main__':
    main()
