"""From a joint reference (q*, q̇*, q̈*) to a command in the mode that an arm takes.

    effort    τ = K (q* − q) + D (q̇* − q̇) + M q̈* + C q̇ + g + friction      (Craig 2005, ch. 10)
    position  q* + T q̇* + k⁻¹ (M q̈* + C q̇ + g + friction − Jᵀ F_ext), ahead by the lag T of the
              arm's own servo and by what a servo of stiffness k yields to its load
    velocity  q̇* + k (q* − q)
"""

from __future__ import annotations

import numpy as np

from vla_control.arm_model import ArmModel
from vla_control.laws.friction import Friction
from vla_control.laws.gains import FrictionGains
from vla_core.parameters import parameter
from vla_core.validation import Real, StrictModel
from vla_hardware import ArmCapabilities, ControlMode

__all__ = ['DriveGains', 'JointDrive']

STEEPNESS = 20.0  # s/rad, how fast a commanded motion calls for the whole Coulomb friction


class DriveGains(StrictModel):
    """How stiffly a joint reference is followed."""

    stiffness_scale: Real = parameter(
        6.0, gt=0, unit='1/rad', description='effort arms: stiffness by torque limit')
    damping_ratio: Real = parameter(
        0.7, gt=0, description='effort arms: of critical, from the inertia in its pose')
    velocity_gain: Real = parameter(
        8.0, gt=0, unit='1/s', description='velocity arms: gain from position error to velocity')


class JointDrive:
    """Output of one arm; the returned array is reused."""

    def __init__(
        self, model: ArmModel, capabilities: ArmCapabilities, mode: ControlMode,
        gains: DriveGains | None = None,
    ) -> None:
        self._model = model
        self.mode = mode
        self._carried = capabilities.gravity_compensated
        stiffness = capabilities.servo_stiffness
        self._compliance = 1.0 / np.array(stiffness) if stiffness else None
        self._load = np.zeros(6)
        self._delay = np.array(capabilities.servo_delay or (0.0,) * model.joints)
        self._friction = Friction(FrictionGains(), model.friction, model.damping)
        self._coulomb = model.friction  # the servo's lag covers the viscous part
        self._out = np.zeros(model.joints)
        self.configure(gains or DriveGains())

    def configure(self, gains: DriveGains) -> None:
        """Take new gains."""
        self._gains = gains
        self._stiffness = gains.stiffness_scale * self._model.profile.limits.effort

    def command(
        self,
        measured: np.ndarray,
        measured_velocity: np.ndarray,
        position: np.ndarray,
        velocity: np.ndarray,
        acceleration: np.ndarray,
        wrench: np.ndarray | None = None,
    ) -> np.ndarray:
        """Values [n] in the unit of the mode for a reference [n] in rad, rad/s, rad/s².

        `wrench` [6] is what the environment does to the tip, base axes.
        """
        out = self._out
        if self.mode is ControlMode.POSITION:
            np.multiply(self._delay, velocity, out=out)
            out += position
            if self._compliance is not None:
                out += self._compliance * self._servo_torque(
                    measured, velocity, acceleration, wrench)
        elif self.mode is ControlMode.VELOCITY:
            np.subtract(position, measured, out=out)
            out *= self._gains.velocity_gain
            out += velocity
        else:
            model = self._model
            model.update(measured, measured_velocity)
            np.matmul(model.inertia, acceleration, out=out)
            damping = 2.0 * self._gains.damping_ratio * np.sqrt(
                self._stiffness * model.inertia.diagonal())
            out += self._stiffness * (position - measured)
            out += damping * (velocity - measured_velocity)
            out += model.bias
            out += self._friction.torque(measured_velocity)
            if not self._carried:
                out += model.gravity
        return out

    def _servo_torque(
        self,
        position: np.ndarray,
        velocity: np.ndarray,
        acceleration: np.ndarray,
        wrench: np.ndarray | None,
    ) -> np.ndarray:
        """What the arm's own servos have to give for this motion, N·m [n]."""
        model = self._model
        torque = model.inverse_dynamics(position, velocity, acceleration, not self._carried)
        torque = torque + self._coulomb * np.tanh(STEEPNESS * velocity)
        if wrench is not None:
            self._load += 0.1 * (wrench - self._load)
            torque -= model.jacobian.T @ self._load
        return torque
