"""
The slow part at work, in a process of its own: the newest observation in, the newest latent out.

    python -m vla_inference.fast_slow.slow_process --policy DIR --name NAME --rate-hz 2
"""
import argparse
import sys
import time

from vla_core.validation import ConfigurationError
from vla_inference.fast_slow.shared_records import LatentBuffer, ObservationBuffer
from vla_inference.fast_slow.split import SlowFast
from vla_policies.serving.loading import load

__all__ = ['encode_on', 'main']

LOOK_S = 0.002


def encode_on(
    policy: SlowFast, observations: ObservationBuffer, latents: LatentBuffer, rate_hz: float,
) -> None:
    """Encode the newest observation at most ``rate_hz`` times a second, for ever."""
    due_s = time.monotonic()
    while True:
        if time.monotonic() < due_s or not observations.changed:
            time.sleep(LOOK_S)
            continue
        observation = observations.read()
        if observation is None:
            continue
        due_s = time.monotonic() + 1.0 / rate_hz
        latents.write(
            policy.encode(observation), observation.stamp_ns, observation.instruction)


def main(arguments: list[str] | None = None) -> int:
    """Run until ended by the process that started this one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--policy', required=True)
    parser.add_argument('--contract', default='')
    parser.add_argument('--name', required=True, help='of the shared records')
    parser.add_argument('--rate-hz', type=float, required=True)
    given = parser.parse_args(arguments)
    try:
        policy = load(given.policy, given.contract)
    except ConfigurationError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    encode_on(
        policy, ObservationBuffer.attach(f'{given.name}_observation', policy.contract),
        LatentBuffer.attach(f'{given.name}_latent', policy.latent_shape), given.rate_hz)
    return 0


if __name__ == '__main__':
    sys.exit(main())
