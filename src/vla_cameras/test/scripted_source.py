"""A source that does what a test has written down."""
import time
from collections.abc import Callable
from typing import ClassVar

from vla_cameras.frame import Frame, SourceLost
from vla_cameras.sources.source import OnRepeat, Source, SourceConfig


class ScriptedConfig(SourceConfig):
    kind: str
    script: str


class ScriptedSource(Source):
    """Runs ``scripts[script]``, a list of steps; each gives a Frame or raises."""

    Config = ScriptedConfig
    scripts: ClassVar[dict[str, list[Callable]]] = {}

    @property
    def place(self) -> str:
        return 'script'

    @property
    def on_repeat(self) -> OnRepeat:
        return 'drop'

    def open(self) -> None:
        if not self.scripts[self.options.script]:
            raise SourceLost('script: nothing left')

    def read(self) -> Frame | None:
        time.sleep(0.002)
        script = self.scripts[self.options.script]
        if not script:
            self.stopping.wait(0.05)
            return None
        return script.pop(0)()

    def close(self) -> None:
        pass
