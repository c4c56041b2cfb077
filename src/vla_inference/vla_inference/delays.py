"""
Measured delays between the world, its messages and the arm, kept in a YAML file.

- camera: capture to stamp. A picture shows the world of its stamp less the delay.
- state: measurement to stamp, likewise.
- actuation: a reference to the motion it causes. An action that shall hold at a time is due
  earlier by that.
- transport: stamp to receipt. For people; nothing is corrected by it.
"""
from datetime import datetime, timezone
from pathlib import Path

import yaml
from pydantic import Field

from vla_core.policy_contract import PolicyContract
from vla_core.validation import ConfigurationError, Real, StrictModel, read_yaml

__all__ = ['Delays', 'DelaysError']


class DelaysError(ConfigurationError):
    """A file of delays that is missing, damaged or of another robot; one line."""


class Delays(StrictModel):
    """Delays in s; `calibrate_delays` measures and writes them."""

    robot: str = ''
    date: str = ''
    cameras: dict[str, Real] = Field({}, description='by topic, s')
    state: Real = Field(0.0, ge=-1.0, le=1.0, description='of every state topic, s')
    actuation: Real = Field(0.0, ge=0.0, le=1.0, description='reference to motion, s')
    transport: dict[str, Real] = Field({}, description='of each topic, median, s')
    correlations: dict[str, Real] = Field({}, description='how sure each is, 0 to 1')

    @classmethod
    def load(cls, path: Path, robot: str = '') -> 'Delays':
        """Read a file; DelaysError in one line, also when it was measured on another robot."""
        found = read_yaml(path, cls, DelaysError)
        if robot and found.robot and found.robot != robot:
            raise DelaysError(f'{path}: robot: was measured on {found.robot!r}, not on {robot!r}; '
                              f'run calibrate_delays on this one')
        return found

    def save(self, path: Path) -> None:
        """Write a file that `load` reads back equal, but for the date, which is now."""
        dated = {**self.model_dump(mode='json'),
                 'date': datetime.now(timezone.utc).isoformat(timespec='seconds')}
        path.write_text(yaml.safe_dump(dated, sort_keys=False), encoding='utf-8')

    def by_topic(self, contract: PolicyContract) -> dict[str, float]:
        """The delay of each topic of ``contract``; 0 for a camera that was not measured."""
        images = {image.topic for image in contract.images}
        return {topic: self.cameras.get(topic, 0.0) if topic in images else self.state
                for topic in contract.topics}
