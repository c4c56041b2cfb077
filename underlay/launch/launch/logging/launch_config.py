"""Where and how much the launch logs."""
import logging
import os
import socket
import sys
import tempfile
import time
from pathlib import Path

__all__ = ['LaunchConfig', 'launch_config']


class _ScreenHandler(logging.StreamHandler):
    """Writes to whatever standard output is at the time, and replaces what it cannot encode."""

    @property
    def stream(self):
        return sys.stdout

    @stream.setter
    def stream(self, _):
        pass

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._write(self.format(record) + self.terminator)
        except BrokenPipeError:
            pass  # whoever read the output has gone; the log file still gets it
        except Exception:
            self.handleError(record)

    def _write(self, text: str) -> None:
        encoding = self.stream.encoding or 'utf-8'
        self.stream.write(text.encode(encoding, 'replace').decode(encoding, 'replace'))
        self.flush()


class LaunchConfig:
    """Level and folder of the log, with the handlers that write to screen and files."""

    def __init__(self) -> None:
        self.level = logging.INFO
        self.notice = ''
        """A remark on the folder that the user should see, if any."""
        self._log_dir: str | None = None
        self._screen: logging.Handler | None = None
        self._files: dict[str, logging.Handler] = {}

    @property
    def log_dir(self) -> str:
        """The folder of this launch's log files, made when first asked for."""
        if self._log_dir is None:
            self._log_dir = self._make_log_dir()
        return self._log_dir

    @log_dir.setter
    def log_dir(self, folder: str) -> None:
        Path(folder).mkdir(parents=True, exist_ok=True)
        self._log_dir = str(folder)

    def get_log_file_path(self, file_name: str = 'launch.log') -> str:
        """Return the path of a log file."""
        return str(Path(self.log_dir) / file_name)

    def get_screen_handler(self) -> logging.Handler:
        """Return the handler that writes to the screen."""
        if self._screen is None:
            self._screen = _ScreenHandler()
            self._screen.setFormatter(_Formatter(stamped=False))
        return self._screen

    def get_log_file_handler(self, file_name: str = 'launch.log') -> logging.Handler:
        """Return the handler that writes to a log file."""
        if file_name not in self._files:
            handler = logging.FileHandler(self.get_log_file_path(file_name), encoding='utf-8')
            handler.setFormatter(_Formatter(stamped=True))
            self._files[file_name] = handler
        return self._files[file_name]

    def close(self) -> None:
        """Close all log files and forget the folder."""
        for handler in self._files.values():
            handler.close()
        self.__init__()

    def _make_log_dir(self) -> str:
        base = _base_folder()
        try:
            return _make_unique_folder(base)
        except OSError as error:
            fallback = Path(tempfile.mkdtemp(prefix='ros_log_'))
            # Nodes find the same folder closed, so they are sent to the new one too.
            os.environ['ROS_LOG_DIR'] = str(fallback)
            self.notice = (
                f'log folder {str(base)!r} cannot be written ({error.strerror}): '
                f'logs go to {str(fallback)!r}')
            return _make_unique_folder(fallback)


class _Formatter(logging.Formatter):
    """Puts level and name before what the launch says, nothing before what processes say."""

    def __init__(self, *, stamped: bool) -> None:
        super().__init__()
        self._stamped = stamped

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        text = record.getMessage()
        if not getattr(record, 'is_output', False):
            text = f'[{record.levelname}] [{record.name}]: {text}'
        return f'{record.created:.7f} {text}' if self._stamped else text


def _base_folder() -> Path:
    if os.environ.get('ROS_LOG_DIR'):
        return Path(os.environ['ROS_LOG_DIR']).expanduser()
    home = os.environ.get('ROS_HOME') or '~/.ros'
    return Path(home).expanduser() / 'log'


def _make_unique_folder(base: Path) -> str:
    stem = f'{time.strftime("%Y-%m-%d-%H-%M-%S")}-{socket.gethostname()}-{os.getpid()}'
    for attempt in range(1000):
        folder = base / (stem if attempt == 0 else f'{stem}-{attempt}')
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return str(folder)
    raise OSError(f'no free folder name below {base}')


launch_config = LaunchConfig()
