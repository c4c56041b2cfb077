"""What a policy is, what it was trained on and how well it does, written beside its weights."""
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from vla_core.policy_contract import PolicyContract
from vla_learning.configuration import TrainingConfiguration
from vla_policies.mini.model import MiniModel, parameter_count

__all__ = ['write']


def write(
    folder: Path, configuration: TrainingConfiguration, contract: PolicyContract,
    model: MiniModel, facts: Mapping[str, Any], results: list[Mapping[str, Any]],
) -> None:
    """Write ``model_card.md``; ``results`` are summaries of the lockstep evaluator."""
    lines = [
        f'# {configuration.policy.name}', '',
        (f'{contract.description}. {parameter_count(model) / 1e6:.2f} million parameters beside '
         'the text encoder (all-MiniLM-L6-v2, frozen).'), '', '## Training', '',
        *(f'- {name}: {value}' for name, value in facts.items()),
        f'- commit: {_commit()}', f'- Python {platform.python_version()}, {platform.machine()}',
        '', '```yaml', yaml.safe_dump(
            configuration.model_dump(mode='json'), sort_keys=False).rstrip(), '```', '']
    if results:
        lines += ['## Success in lockstep while training', '',
                  '| samples | task | episodes | success | wrong object |', '|---|---|---|---|---|']
        lines += [f'| {row["samples"]} | {row["family"]} | {row["episodes"]} | '
                  f'{row["success"]:.2f} | {row["wrong_object_ratio"]:.2f} |' for row in results]
        lines.append('')
    (folder / 'model_card.md').write_text('\n'.join(lines), encoding='utf-8')


def _commit() -> str:
    try:
        return subprocess.run(
            ['git', 'describe', '--always', '--dirty'], cwd=Path(__file__).parent, check=True,
            capture_output=True, text=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return 'unknown'
