"""
A page for a phone or a browser: a touch pad, sliders, and a dead-man under the thumb.

It is served by us, on loopback unless told; opened wider it wants the token that is printed once.
"""
import ssl
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, model_validator

from vla_core.profile import RobotProfile
from vla_core.validation import ConfigurationError, Real, StrictModel
from vla_teleop.device import Device, DeviceLost
from vla_teleop.sample import TeleopSample
from vla_teleop.web.gate import Gate
from vla_teleop.web.server import PageServer

__all__ = ['DEVICE', 'Web', 'WebSettings']


class WebSettings(StrictModel):
    """Options of the device."""

    host: str = Field(default='localhost', min_length=1, description='0.0.0.0 for every network')
    port: int = Field(default=8090, ge=0, le=65535, description='0: any that is free')
    token: str = Field(default='', description='asked for; empty: a new one unless on loopback')
    stall_s: Real = Field(default=0.3, gt=0, description='the page speaks 30 times a second')
    tls_cert: Path | None = Field(default=None, description='PEM file; the page is then https')
    tls_key: Path | None = Field(default=None, description='PEM file, of the certificate')

    @model_validator(mode='after')
    def _both_or_none(self) -> 'WebSettings':
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError('tls_cert and tls_key belong together: give both, or none')
        return self

    def tls(self) -> ssl.SSLContext | None:
        """What the server speaks TLS by; ConfigurationError when the files are no good."""
        if self.tls_cert is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self.tls_cert, self.tls_key)
        except OSError as error:
            reason = error.strerror or error
            raise ConfigurationError(f'web: tls_cert {self.tls_cert}, tls_key {self.tls_key}: '
                                     f'{reason}') from error
        return context


class Web(Device):
    """A pose, by what is dragged; an opening; every button."""

    Settings = WebSettings

    def __init__(self, settings: WebSettings, profile: RobotProfile) -> None:
        super().__init__(settings, profile)
        self.stall_s = settings.stall_s
        self._gate = Gate(settings.host, settings.token)
        self._tls = settings.tls()
        self._server: PageServer | None = None

    @property
    def address(self) -> str:
        """What to open in the browser."""
        port = self.settings.port if self._server is None else self._server.port
        query = '' if self._gate.token is None else f'/?token={self._gate.token}'
        scheme = 'http' if self._tls is None else 'https'
        return f'{scheme}://{self.settings.host}:{port}{query}'

    def open(self) -> None:
        self.close()
        server = PageServer(self.settings.host, self.settings.port, self._gate, self._tls)
        server.start()
        self._server = server
        print(f'teleoperation page: {self.address}', flush=True)

    def read(self, now_ns: int) -> TeleopSample | None:
        if self._server is None:
            raise DeviceLost('is not open')
        return self._server.take()

    def close(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    def show(self, lines: Mapping[str, str]) -> None:
        if self._server is not None:
            self._server.show(lines)


DEVICE = Web
