"""How exactly, and yet how softly, an arm follows a 50 Hz stream of poses (lockstep simulation).

Three measurements for each robot, at a stiffness of 600 N/m:

- a figure-eight of mean speed 0.235 m/s: the tip's distance from the commanded path at every tick
  (the tip as the simulation knows it, the path as a function of time), and the lag that fits best,
- a step of 426 mm with a turn of 40°: what is left after 7 s, and when the tip stays within 5 %,
- a push of 15 N along each axis: the displacement against F/K.

The worst robot gives the figures without a prefix.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass

import numpy as np

from vla_control import so3
from vla_control.arm_model import ArmModel
from vla_control.core import ControlCore
from vla_control.laws.joint_trajectory import TrajectoryPoints
from vla_core.profile import RobotProfile
from vla_hardware import ControlMode, create

__all__ = ['Course', 'Tracking', 'main']

STIFFNESS = 600.0  # N/m
MEAN_SPEED = 0.235  # m/s
TARGET_PERIOD = 0.02  # s
PUSH = 15.0  # N
STEP_MM = 426.0


@dataclass(frozen=True)
class Course:
    """Where a robot is measured: start pose of its joints, half axes of the eight (m), the step."""

    joints: tuple[float, ...]
    eight: tuple[float, float]
    before_step: tuple[float, float, float]
    step: tuple[float, float, float]


COURSES = {
    'franka': Course((0.0, -0.5, 0.0, -2.2, 0.0, 1.7, 0.785), (0.10, 0.16),
                     (0.0, -0.20, 0.0), (0.10, 0.40, 0.12)),
    'ur': Course((0.0, -1.5708, 1.5708, -1.5708, -1.5708, 0.0), (0.08, 0.15),
                 (0.0, -0.30, 0.0), (-0.04, 0.41, -0.10)),
    'aloha': Course((0.0, -0.5, 0.55, 0.0, 0.8, 0.0), (0.06, 0.11),
                    (0.0, -0.20, 0.0), (0.03, 0.41, 0.08)),
}


class Tracking:
    """One robot on its course; `metrics` after `run`."""

    def __init__(self, robot: str, duration: float) -> None:
        self.robot, self._duration = robot, duration
        self.profile = RobotProfile.load(robot)
        self.hardware = create('sim', self.profile)
        self.arm = self.profile.arms[0]
        effort = ControlMode.EFFORT in self.hardware.capabilities(self.arm.name).modes
        gains = {f'task.k_pos_{axis}': STIFFNESS for axis in 'xyz'}
        self.core = ControlCore(self.profile, self.hardware, {
            'tip': {'type': 'cartesian_impedance' if effort else 'cartesian_admittance',
                    'arm': self.arm.name, 'parameters': gains},
            'joints': {'type': 'joint_trajectory', 'arm': self.arm.name},
        })
        self.core.start()
        self._course = COURSES[robot]
        self._model = ArmModel(self.profile, self.arm)
        self._every = max(1, round(TARGET_PERIOD / self.core.dt))
        self._ticks = 0

    @property
    def time(self) -> float:
        """Simulated time, s."""
        return self._ticks * self.core.dt

    def tip(self) -> tuple[np.ndarray, so3.Quaternion]:
        """Place and turn of the tip now, in the base frame."""
        state = self.core.state.arms[0]
        self.hardware.read(self.core.state)
        self._model.update_kinematics(state.position)
        return self._model.translation.copy(), so3.from_matrix(self._model.rotation)

    def follow(self, seconds: float, target) -> tuple[np.ndarray, np.ndarray, list]:
        """Stream target(t) → (position, quaternion); times, tip positions [k, 3], turns."""
        times, places, turns = [], [], []
        end = self.time + seconds
        while self.time < end - 1e-9:
            now = self.time
            if self._ticks % self._every == 0:
                place, turn = target(now)
                self.core.take_target(self.arm.name, 'pose', [*place, *turn], now)
            self.core.tick(now)
            self._ticks += 1
            place, turn = self.tip()
            times.append(self.time)
            places.append(place)
            turns.append(turn)
        if self.core.latch.engaged:
            raise RuntimeError(f'{self.robot}: {self.core.latch.reason}')
        return np.array(times), np.array(places), turns

    def run(self) -> dict[str, float]:
        """All three measurements."""
        self._go_to_start()
        place, turn = self.tip()
        self.core.switch(['tip'], ['joints'])
        figures = self._eight(place, turn)
        figures |= self._step(place, turn)
        figures |= self._push(place, turn)
        return figures

    def _go_to_start(self) -> None:
        self.core.switch(['joints'], [])
        points = TrajectoryPoints(np.array([2.0]), np.array([self._course.joints]))
        self.core.trajectory_controller('joints').follow(points, self.time, self.time)
        for _ in range(round(3.0 / self.core.dt)):
            self.core.tick(self.time)
            self._ticks += 1

    def _eight(self, centre: np.ndarray, turn: so3.Quaternion) -> dict[str, float]:
        a, b = self._course.eight
        phase = np.linspace(0.0, 2.0 * np.pi, 2001)
        length = np.sum(np.hypot(np.diff(a * np.sin(2 * phase)), np.diff(b * np.sin(phase))))
        rate = 2.0 * np.pi * MEAN_SPEED / length
        start = self.time

        def path(times: np.ndarray) -> np.ndarray:
            phase = rate * (np.asarray(times) - start)
            return centre + np.stack(
                [a * np.sin(2 * phase), b * np.sin(phase), np.zeros_like(phase)], axis=-1)

        times, places, _ = self.follow(2.0 + self._duration, lambda now: (path(now), turn))
        steady = times > start + 2.0  # a stream that begins at full speed cannot be met at once
        times, places = times[steady], places[steady]
        error = 1e3 * np.linalg.norm(places - path(times), axis=1)
        lags = np.arange(-30.0, 200.0, 0.5)
        fit = [np.mean((places - path(times - 1e-3 * lag)) ** 2) for lag in lags]
        return {'rms_mm': float(np.sqrt(np.mean(error**2))), 'max_mm': float(error.max()),
                'lag_ms': float(abs(lags[int(np.argmin(fit))]))}

    def _step(self, centre: np.ndarray, turn: so3.Quaternion) -> dict[str, float]:
        start = centre + self._course.before_step
        self.follow(4.0, lambda now: (start, turn))
        step = np.array(self._course.step)
        goal = start + step * (1e-3 * STEP_MM / np.linalg.norm(step))
        axis = np.array([0.0, 0.5, 0.866]) * np.radians(40.0)
        turned = so3.multiply(so3.exponential(tuple(axis)), turn)
        begin = self.time
        times, places, turns = self.follow(7.0, lambda now: (goal, turned))
        error = 1e3 * np.linalg.norm(places - goal, axis=1)
        outside = np.flatnonzero(error > 0.05 * STEP_MM)
        left = np.linalg.norm(so3.rotation_between(turns[-1], turned))
        self.follow(4.0, lambda now: (centre, turn))
        return {'step_residual_mm': float(error[-1]),
                'step_residual_deg': float(np.degrees(left)),
                'settle_s': float(times[outside[-1]] - begin) if len(outside) else 0.0}

    def _push(self, centre: np.ndarray, turn: so3.Quaternion) -> dict[str, float]:
        worst = 0.0
        for axis in range(3):
            before = self.follow(1.0, lambda now: (centre, turn))[1][-1]
            wrench = np.zeros(6)
            wrench[axis] = PUSH
            self.hardware.push(self.arm.name, wrench, 3.0)
            pushed = self.follow(2.9, lambda now: (centre, turn))[1][-1]
            moved = (pushed - before)[axis]
            worst = max(worst, abs(moved / (PUSH / STIFFNESS) - 1.0))
            self.follow(2.0, lambda now: (centre, turn))
        return {'stiffness_error_pct': 100.0 * worst}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--duration', type=float, default=10.0, help='s of figure-eight')
    parser.add_argument('--robots', nargs='+', default=list(COURSES), choices=list(COURSES))
    arguments = parser.parse_args()
    result: dict[str, float | str] = {'name': 'tracking'}
    for robot in arguments.robots:
        figures = Tracking(robot, arguments.duration).run()
        print(f'{robot}: ' + ', '.join(f'{k} {v:.3f}' for k, v in figures.items()),
              file=sys.stderr)
        for key, value in figures.items():
            result[key] = max(result.get(key, 0.0), round(value, 3))
            result[f'{robot}_{key}'] = round(value, 3)
    print(json.dumps(result))


if __name__ == '__main__':
    main()
