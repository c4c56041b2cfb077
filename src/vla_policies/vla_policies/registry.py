"""
Policies in folders: ``policy.yaml`` says of which kind, and that kind opens the rest.

A kind is a module of this package that names its class ``POLICY``, or an entry point in
``vla_policies.kinds``; its class method ``load(folder, contract)`` makes the policy.
"""
import importlib
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import yaml

from vla_core import share
from vla_core.policy_contract import PolicyContract
from vla_core.validation import near_matches
from vla_policies.policy import Policy, PolicyError

__all__ = ['CONTRACT', 'GROUP', 'SETTINGS', 'available', 'kinds', 'load_policy', 'shipped']

GROUP = 'vla_policies.kinds'
SETTINGS = 'policy.yaml'
CONTRACT = 'contract.yaml'
OWN = {'mini': 'vla_policies.mini.policy'}


def kinds() -> list[str]:
    """Kinds that a ``policy.yaml`` can name."""
    return sorted({*OWN, *(point.name for point in entry_points(group=GROUP))})


def available() -> list[str]:
    """Names of the policies that are shipped, for `shipped`."""
    return sorted({path.parent.name
                   for folder in share.folders('vla_bringup', 'config/checkpoints')
                   for path in folder.glob(f'*/{SETTINGS}')})


def shipped(name: str) -> Path:
    """Folder of the policy that comes with the project; PolicyError names those there are."""
    for folder in share.folders('vla_bringup', 'config/checkpoints'):
        if (folder / name / SETTINGS).is_file():
            return folder / name
    raise PolicyError(f'no policy {name!r}; {near_matches(name, available())}')


def load_policy(folder: str | Path) -> Policy:
    """
    Open a policy's folder, or a shipped policy by its name.

    PolicyError or ContractError, in one line, names the file and the field that is wrong.
    """
    folder = Path(folder)
    if not folder.is_dir() and len(folder.parts) == 1:
        folder = shipped(folder.name)
    settings = _settings(folder)
    kind = settings.pop('kind', '')
    for point in entry_points(group=GROUP):
        if point.name == kind:
            return point.load().load(folder, settings, _contract(folder))
    if kind not in OWN:
        raise PolicyError(f'{folder / SETTINGS}: kind: unknown {kind!r}; '
                          f'{near_matches(str(kind), kinds())}')
    return importlib.import_module(OWN[kind]).POLICY.load(folder, settings, _contract(folder))


def _settings(folder: Path) -> dict[str, Any]:
    path = folder / SETTINGS
    try:
        settings = yaml.safe_load(path.read_text(encoding='utf-8'))
    except FileNotFoundError as error:
        raise PolicyError(f'{folder}: is no policy, it has no {SETTINGS}') from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PolicyError(f'{path}: cannot be read ({str(error).splitlines()[0]})') from error
    if not isinstance(settings, dict):
        raise PolicyError(f'{path}: must be a mapping of settings')
    return settings


def _contract(folder: Path) -> PolicyContract:
    return PolicyContract.load(folder / CONTRACT)
