"""Whether the contract a robot works by is the one that a policy was made for."""
from vla_core.policy_contract import ContractError, PolicyContract

__all__ = ['check_agreement']


def check_agreement(wanted: PolicyContract, served: PolicyContract, address: str) -> None:
    """
    Raise ContractError, naming the first field in which the contracts differ.

    Topics, ages and names may differ: they say how a robot is wired, not what a policy sees. The
    statistics may too where ``wanted`` names none, for the policy has undone them already.
    """
    space = served.action.space
    if not wanted.action.space.statistics_id:
        space = space.model_copy(update={'statistics_id': ''})
    wanted.action.space.check_compatible(space)
    for field, mine, theirs in (
            ('rate_hz', wanted.rate_hz, served.rate_hz),
            ('action.horizon', wanted.action.horizon, served.action.horizon),
            ('images', _images(wanted), _images(served)),
            ('state', _state(wanted), _state(served)),
            ('language', wanted.language, served.language)):
        if mine != theirs:
            raise ContractError(
                f'contract {wanted.name}: {field}: is {mine}, but {address} has {theirs}')


def _images(contract: PolicyContract) -> dict[str, str]:
    return {entry.key: f'{entry.processing.width}×{entry.processing.height} '
                       f'{entry.processing.colour}' for entry in contract.images}


def _state(contract: PolicyContract) -> tuple[str, ...]:
    return contract.state.labels if contract.state else ()
