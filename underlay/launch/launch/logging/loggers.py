"""Loggers of the launch itself and of the processes it runs."""
from __future__ import annotations

import logging
from collections.abc import Iterable

from .launch_config import launch_config

__all__ = ['get_logger', 'get_output_loggers', 'log_launch_config', 'one_line', 'reset']

_ALIASES = {
    'screen': {'both': {'screen'}},
    'log': {'both': {'log'}, 'stderr': {'screen'}},
    'both': {'both': {'screen', 'log'}},
    'own_log': {'both': {'own_log'}, 'stdout': {'own_log'}, 'stderr': {'own_log'}},
    'full': {
        'both': {'screen', 'log', 'own_log'}, 'stdout': {'own_log'}, 'stderr': {'own_log'}},
}
_SOURCES = ('stdout', 'stderr', 'both')
_DESTINATIONS = {'screen', 'log', 'own_log'}

_manager = logging.Manager(logging.RootLogger(logging.WARNING))


def get_logger(name: str | None = None) -> logging.Logger:
    """Return the logger of that name; it writes to the screen and to launch.log."""
    logger = _plain_logger(name or 'launch')
    logger.setLevel(launch_config.level)
    _set_handlers(
        logger, [launch_config.get_screen_handler(), launch_config.get_log_file_handler()])
    return logger


def get_output_loggers(
    process_name: str, output_config: str | dict[str, str | Iterable[str]],
) -> tuple[logging.Logger, logging.Logger]:
    """
    Return the loggers of a process's standard output and standard error.

    `output_config` is 'screen', 'log' (launch.log, and standard error on the screen too),
    'both', 'own_log' (files of its own), 'full' (all of them), or a dictionary from 'stdout',
    'stderr' and 'both' to 'screen', 'log', 'own_log' or several of these.
    """
    wanted = _normalize(output_config)
    return tuple(
        _output_logger(process_name, source, wanted) for source in ('stdout', 'stderr'))


def log_launch_config(*, logger: logging.Logger) -> None:
    """Say where the log files are."""
    if launch_config.notice:
        logger.warning(launch_config.notice)
    logger.info(f'log files are in {launch_config.log_dir}')


def one_line(error: BaseException) -> str:
    """Return what an error says on one line, with its kind where it does not speak for itself."""
    said = ' '.join(str(error).split())
    speaks = said and type(error).__module__ != 'builtins'
    if speaks or (isinstance(error, (RuntimeError, ValueError, NotImplementedError)) and said):
        return said
    return f'{type(error).__name__}: {said}' if said else type(error).__name__


def reset() -> None:
    """Close the log files and begin anew with the next logger."""
    launch_config.close()
    _manager.loggerDict.clear()


def _plain_logger(name: str) -> logging.Logger:
    logger = _manager.getLogger(name)
    logger.propagate = False
    return logger


def _set_handlers(logger: logging.Logger, handlers: list[logging.Handler]) -> None:
    logger.handlers[:] = handlers


def _output_logger(
    process_name: str, source: str, wanted: dict[str, set[str]],
) -> logging.Logger:
    logger = _plain_logger(f'{process_name}-{source}')
    logger.setLevel(logging.INFO)
    handlers = []
    if 'screen' in wanted['both'] | wanted[source]:
        handlers.append(launch_config.get_screen_handler())
    if 'log' in wanted['both'] | wanted[source]:
        handlers.append(launch_config.get_log_file_handler())
    if 'own_log' in wanted[source]:
        handlers.append(launch_config.get_log_file_handler(f'{process_name}-{source}.log'))
    if 'own_log' in wanted['both']:
        handlers.append(launch_config.get_log_file_handler(f'{process_name}.log'))
    _set_handlers(logger, handlers)
    return logger


def _normalize(output_config: str | dict) -> dict[str, set[str]]:
    if isinstance(output_config, str):
        if output_config not in _ALIASES:
            raise ValueError(f'output {output_config!r} is not one of {", ".join(_ALIASES)}')
        output_config = _ALIASES[output_config]
    wanted = {source: set() for source in _SOURCES}
    for source, destinations in output_config.items():
        if source not in wanted:
            raise ValueError(f'output source {source!r} is not one of {", ".join(_SOURCES)}')
        wanted[source] |= {destinations} if isinstance(destinations, str) else set(destinations)
        if wanted[source] - _DESTINATIONS:
            unknown = ', '.join(sorted(wanted[source] - _DESTINATIONS))
            raise ValueError(f'output destination {unknown!r} is not screen, log or own_log')
    return wanted
