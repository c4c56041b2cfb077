"""
Serve a policy over openpi's WebSocket protocol: ``python -m vla_policies.serve --policy DIR``.

See doc/server.md. The address that is served is printed once requests are answered.
"""
import argparse
import asyncio
import signal
import sys
from functools import partial
from pathlib import Path

from vla_core.validation import ConfigurationError
from vla_policies.policy import Policy
from vla_policies.serving.loading import load, prepare
from vla_policies.serving.server import PolicyServer, ServerOptions, ServingError

__all__ = ['main']

SWITCH_INTERVAL_S = 0.0005
LOOPBACK = ('127.0.0.1', '::1', 'localhost')


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; 1 when that cannot be done as asked."""
    given = _parser().parse_args(arguments)
    # What arrives meanwhile must not wait 5 ms each time for the thread that infers.
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        options = _options(given)
        options.tls()
        policy = load(given.policy, given.contract)
        try:
            asyncio.run(_serve(policy, options, given))
        finally:
            policy.close()
    except ConfigurationError as error:
        _say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


async def _serve(policy: Policy, options: ServerOptions, given: argparse.Namespace) -> None:
    server = PolicyServer(policy, options, report=_say)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        await server.prepare(partial(
            prepare, policy, device=given.device, dtype=given.dtype, compiled=given.compile,
            max_batch=options.max_batch))
        if stop.is_set():
            return
        await server.start()
        if options.host not in LOOPBACK:
            for lacking, option in ((not options.api_key, '--api-key-file'),
                                    (options.certificate is None, '--tls-cert and --tls-key')):
                if lacking:
                    _say(f'warning: open to the network without {option}')
        scheme = 'wss' if options.certificate else 'ws'
        host = f'[{options.host}]' if ':' in options.host else options.host
        print(f'serving {policy.name} on {scheme}://{host}:{server.port}', flush=True)
        await stop.wait()
    finally:
        await server.close()


def _options(given: argparse.Namespace) -> ServerOptions:
    return ServerOptions(
        host=given.host, port=given.port, api_key=_read_key(given.api_key_file),
        certificate=given.tls_cert, private_key=given.tls_key,
        max_frame_bytes=int(given.max_frame_mb * 1024 * 1024), max_clients=given.max_clients,
        max_batch=given.max_batch, batch_window_s=given.batch_window_ms / 1000)


def _read_key(file: Path | None) -> str:
    if file is None:
        return ''
    try:
        key = file.read_text(encoding='ascii').strip()
    except (OSError, UnicodeError) as error:
        raise ServingError(f'{file}: the API key cannot be read: {error}') from error
    if not key or not key.isprintable() or ' ' in key:
        raise ServingError(f'{file}: must hold one API key, without spaces')
    return key


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='python -m vla_policies.serve', description='Serve a policy to robots.')
    add = parser.add_argument
    add('--policy', required=True, metavar='DIR|MODULE:ATTRIBUTE',
        help='folder or name of a policy, or a policy (or what makes one) in a module')
    add('--contract', default='',
        help='contract to make module:attribute with, and to hold any policy to')
    add('--host', default='127.0.0.1', help='address to listen on (default: this machine only)')
    add('--port', type=_whole(0, 65535), default=8000, help='0 takes a free one')
    add('--api-key-file', type=Path, help='file with the key that clients must give')
    add('--tls-cert', type=Path, help='certificate chain, PEM')
    add('--tls-key', type=Path, help='private key, PEM')
    add('--device', default='', help='where the policy runs: cpu, cuda, cuda:1')
    add('--dtype', default='', choices=('float32', 'bfloat16', 'float16'))
    add('--compile', action='store_true', help='compile the model (CUDA graphs on a GPU)')
    add('--max-batch', type=_whole(1, 1024), default=8, help='requests inferred together')
    add('--batch-window-ms', type=_real(0, 1000), default=10.0,
        help='how long a request waits for clients that ask without pause')
    add('--max-frame-mb', type=_real(0.001, 1024), default=32.0, help='largest request')
    add('--max-clients', type=_whole(1, 10000), default=64)
    return parser


def _whole(low: int, high: int):
    def parse(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f'must be a whole number from {low} to {high}')
        return int(text)
    return parse


def _real(low: float, high: float):
    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = float('nan')
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(f'must be a number from {low} to {high}')
        return number
    return parse


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == '__main__':
    sys.exit(main())
