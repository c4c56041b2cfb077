"""What an episode says of itself: in ``custom_data`` of metadata.yaml, and as MCAP metadata."""
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Literal, TypeVar, get_args

from pydantic import ValidationError

from vla_core.policy_contract import PolicyContract
from vla_core.profile import RobotProfile
from vla_core.validation import StrictModel, one_line
from vla_recording.errors import EpisodeError

__all__ = ['Episode', 'Outcome']

#: The order is that of the constants in vla_interfaces/srv/FinishEpisode.
Outcome = Literal['unknown', 'succeeded', 'failed']

ModelT = TypeVar('ModelT', bound=StrictModel)


@dataclass(frozen=True)
class Episode:
    """
    One recorded episode.

    ``robot_profile`` and ``policy_contract`` are what was in force when it was recorded, as JSON,
    so that a bag explains itself. ``topics`` maps the names that were asked for to those recorded.
    """

    episode_id: str = ''
    instruction: str = ''
    robot: str = ''
    contract: str = ''
    labels: tuple[str, ...] = ()
    namespace: str = '/'
    outcome: Outcome = 'unknown'
    note: str = ''
    failure: str = ''
    marks: int = 0
    lost_messages: int = 0
    recovered: bool = False
    topics: Mapping[str, str] = field(default_factory=dict)
    robot_profile: str = ''
    policy_contract: str = ''

    def custom_data(self) -> dict[str, str]:
        """Text by text, as bags hold it; what is empty is left out."""
        content = {}
        for entry in fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, Mapping | tuple):
                value = json.dumps(dict(value) if isinstance(value, Mapping) else list(value),
                                   ensure_ascii=False) if value else ''
            elif isinstance(value, bool):
                value = 'true' if value else ''
            if text := str(value):
                content[entry.name] = text
        return content

    @classmethod
    def of_custom_data(cls, data: Mapping[str, str] | None) -> 'Episode':
        """Read what `custom_data` wrote; of a bag from elsewhere little is known."""
        data = data or {}
        texts = {entry.name: data[entry.name] for entry in fields(cls)
                 if entry.type in (str, 'str') and entry.name in data}
        try:
            return cls(
                **texts,
                outcome=data['outcome'] if data.get('outcome') in get_args(Outcome) else 'unknown',
                labels=tuple(json.loads(data.get('labels', '[]'))),
                topics=json.loads(data.get('topics', '{}')),
                marks=int(data.get('marks', 0)),
                lost_messages=int(data.get('lost_messages', 0)),
                recovered=data.get('recovered') == 'true')
        except (ValueError, TypeError) as error:
            raise EpisodeError(f'custom_data of the bag is damaged: {error}') from error

    def with_models(
        self, profile: RobotProfile, contract: PolicyContract | None,
    ) -> 'Episode':
        """The same episode with its robot and contract."""
        return replace(
            self, robot=profile.name, robot_profile=_text(profile),
            contract=contract.name if contract else '',
            policy_contract=_text(contract) if contract else '')

    def load_profile(self) -> RobotProfile:
        """The robot profile in force when it was recorded."""
        if not self.robot_profile:
            raise EpisodeError('the bag does not name its robot; give --robot')
        return _model(RobotProfile, self.robot_profile, 'robot profile')

    def load_contract(self) -> PolicyContract:
        """The contract in force when it was recorded."""
        if not self.policy_contract:
            raise EpisodeError('the bag was recorded without a contract; give --contract')
        return _model(PolicyContract, self.policy_contract, 'contract')


def _text(model: StrictModel) -> str:
    return model.model_dump_json()


def _model(kind: type[ModelT], text: str, what: str) -> ModelT:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise EpisodeError(
            f'the {what} in the bag does not fit this version: {one_line(error)}') from error
