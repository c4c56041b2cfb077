"""Parameters of the inference node."""
from vla_core.parameters import parameter
from vla_core.validation import StrictModel

__all__ = ['InferenceParameters']


class InferenceParameters(StrictModel):
    """What the inference node is told."""

    robot: str = parameter('franka', read_only=True, description='Robot profile, by name or path.')
    policy: str = parameter(
        '', read_only=True,
        description='Policy at the start: a folder, the name of a shipped one, module:attribute, '
                    'or the address of a server; empty: none until load_policy is called.')
    contract: str = parameter(
        '', read_only=True,
        description='Contract of that policy, by name or path; empty: its own.')
    policy_options: str = parameter(
        '', read_only=True,
        description="What the client of a policy's address is told besides, as YAML, such as "
                    '{unnorm_key: bridge_orig}.')
    delays: str = parameter(
        '', read_only=True,
        description='File of measured delays, from calibrate_delays; empty: none known.')
    success_sources: tuple[str, ...] = parameter(
        ('operator', 'detector', 'monitor', 'simulation'), read_only=True,
        description='Who may say that a task succeeded or failed.')
    time_limit: float = parameter(
        60.0, gt=0, le=86400, unit='s', description='Of a task that names none.')
    queue_length: int = parameter(
        0, ge=0, le=100,
        description='Goals that may wait while one runs; beyond that they are rejected.')
    request_rate: float = parameter(
        0.0, ge=0, le=1000, unit='Hz', read_only=True,
        description="Most requests a second; 0: by the contract's action.replan_steps, or as "
                    'many as there are observations.')
    request_horizon: float = parameter(
        0.0, ge=0, le=60, unit='s', read_only=True,
        description='Ask only when no more than this, and the latency, is left of the plan; 0: '
                    'always.')
    requests_in_flight: int = parameter(
        1, ge=1, le=8, read_only=True,
        description='Requests under way at once, each on a connection of its own; above 1 for '
                    'servers that answer several.')
    request_timeout: float = parameter(
        5.0, gt=0, le=600, unit='s', read_only=True,
        description='Without an answer for that long the policy is lost, and sought again.')
    load_timeout: float = parameter(
        120.0, gt=0, le=3600, unit='s', read_only=True,
        description='For a policy to load and warm up.')
    retry: float = parameter(
        0.5, gt=0, le=60, unit='s', read_only=True,
        description='Pause before a lost policy is started again; it doubles each time.')
    longest_retry: float = parameter(
        10.0, gt=0, le=600, unit='s', read_only=True, description='Longest such pause.')
    frozen_after: float = parameter(
        1.0, gt=0, le=60, unit='s', read_only=True,
        description='A picture that stays the same for that long while the arm moves is frozen.')
    unusable_answers: int = parameter(
        5, ge=1, le=1000,
        description='Unusable answers in a row after which a task has failed.')
