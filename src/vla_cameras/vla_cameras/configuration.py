"""
Which cameras there are and how each is read, from ``config/cameras/<set>.yaml``.

A set names a source for each camera of a robot profile, which gives frame, size and rate; a camera
that the profile lacks gives its own. What the calibration commands find stands beside the set, in
``<set>.calibration.yaml``, so that they never rewrite what a person wrote.
"""
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BeforeValidator, Field, SerializeAsAny

from vla_cameras import sources
from vla_cameras.camera_info import Intrinsics
from vla_cameras.sources.source import SourceConfig
from vla_core import share
from vla_core.profile import CameraProfile, RobotProfile
from vla_core.validation import (
    ConfigurationError,
    Frame,
    Name,
    Real,
    StrictModel,
    Vector,
    near_matches,
    read_yaml,
)

__all__ = [
    'CalibrationFile', 'CameraCalibration', 'CameraConfig', 'CameraConfigurationError',
    'CameraEntry', 'CameraSet', 'DelayCalibration', 'IntrinsicsCalibration', 'MountCalibration',
    'Publish', 'Watch', 'load_cameras',
]

FOLDER = 'config/cameras'


class CameraConfigurationError(ConfigurationError):
    """A camera set or a calibration that is missing or wrong; the message is one line."""


def _source(value: Any) -> Any:
    return sources.parse(value) if isinstance(value, dict) else value


class IntrinsicsCalibration(StrictModel):
    """Intrinsics with what they rest on."""

    intrinsics: Intrinsics
    rms_px: Real = Field(ge=0, description='reprojection over all corners, pixels')
    worst_px: Real = Field(ge=0, description='of the worst image, pixels')
    images: int = Field(gt=0)
    board: str
    date: str
    overlay: str = Field('', description='picture beside this file')


class MountCalibration(StrictModel):
    """Pose of the optical frame in ``parent_frame``, m and quaternion xyzw."""

    parent_frame: Frame
    position: Vector
    quaternion: Vector
    eye: Literal['in_hand', 'to_hand']
    method: str
    rms_px: Real = Field(ge=0, description='reprojection over all poses, pixels')
    translation_rms_mm: Real = Field(ge=0, description='spread of the board over all poses')
    rotation_rms_deg: Real = Field(ge=0, description='spread of the board over all poses')
    poses: int = Field(gt=0)
    date: str
    overlay: str = Field('', description='picture beside this file')


class DelayCalibration(StrictModel):
    """How much later than its capture a picture is stamped when it is not corrected."""

    delay_s: Real = Field(ge=-0.1, le=2.0)
    basis: Literal['driver', 'arrival'] = Field(description='stamps that it corrects')
    correlation: Real = Field(ge=0, le=1, description='of motion seen and motion measured')
    images: int = Field(gt=0)
    date: str
    overlay: str = Field('', description='picture beside this file')


class CameraCalibration(StrictModel):
    """All that is known of one camera."""

    intrinsics: IntrinsicsCalibration | None = None
    mount: MountCalibration | None = None
    delay: DelayCalibration | None = None


class CalibrationFile(StrictModel):
    """Calibration of every camera of a set, as the commands write it."""

    cameras: dict[Name, CameraCalibration] = {}

    @classmethod
    def load(cls, path: Path) -> 'CalibrationFile':
        """Read ``path``; nothing is calibrated when there is no such file."""
        return read_yaml(path, cls, CameraConfigurationError) if path.exists() else cls()

    def updated(self, camera: str, **found: Any) -> 'CalibrationFile':
        """Return a copy with what was ``found`` for ``camera``."""
        known = self.cameras.get(camera, CameraCalibration())
        return CalibrationFile(
            cameras={**self.cameras, camera: known.model_copy(update=found)})

    def save(self, path: Path) -> None:
        """Write the whole file, or leave the one there as it is."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(path.name + '.new')
        draft.write_text('# Written by the calibration commands of vla_cameras.\n' + yaml.safe_dump(
            self.model_dump(mode='json', exclude_none=True), sort_keys=False), encoding='utf-8')
        draft.replace(path)


class Publish(StrictModel):
    """What becomes of a picture on its way out."""

    encoding: Literal['rgb8', 'bgr8', 'mono8'] = 'rgb8'
    width: int = Field(0, ge=0, le=16384, description='pixels; 0: as captured')
    height: int = Field(0, ge=0, le=16384, description='pixels; 0: as captured')
    compressed: bool = Field(True, description='JPEG on image_raw/compressed, if one listens')
    jpeg_quality: int = Field(90, ge=1, le=100)


class Watch(StrictModel):
    """What is held against a camera."""

    frozen: Literal['auto', 'drop', 'report', 'off'] = Field(
        'auto', description='the same pixels again: dropped, only reported, or not looked for; '
                            'auto drops those of real cameras, whose noise never repeats')
    frozen_after_s: Real = Field(1.0, gt=0, description='a camera frozen this long is reopened')
    dark_below: Real = Field(12.0, ge=0, le=255, description='mean brightness: too dark')
    saturated_above: Real = Field(0.4, gt=0, le=1, description='share of white pixels: saturated')
    lowest_rate: Real = Field(0.9, gt=0, le=1, description='share of rate_hz that is enough')


class CameraEntry(StrictModel):
    """A camera as a set names it; what is left out comes from the robot profile."""

    source: Annotated[SerializeAsAny[SourceConfig], BeforeValidator(_source)]
    frame: Frame | None = Field(None, description='optical frame')
    width: int | None = Field(None, gt=0, le=16384, description='pixels')
    height: int | None = Field(None, gt=0, le=16384, description='pixels')
    rate_hz: Real | None = Field(None, gt=0)
    publish: Publish = Publish()
    watch: Watch = Watch()
    on_resize: Literal['refuse', 'follow'] = Field(
        'refuse', description='when pictures come in another size')
    retry_s: Real = Field(0.5, gt=0, description='first wait before reopening; it doubles')
    longest_retry_s: Real = Field(8.0, gt=0)


class CameraConfig(CameraEntry):
    """A camera with everything decided."""

    name: Name
    frame: Frame
    width: int = Field(gt=0, le=16384, description='pixels')
    height: int = Field(gt=0, le=16384, description='pixels')
    rate_hz: Real = Field(gt=0)
    fovy: Real = Field(45.0, gt=0, lt=180, description='of a simulated camera, degrees')
    calibration: CameraCalibration = CameraCalibration()


class CameraSet(StrictModel):
    """The cameras of a robot: one source for each, and ``every`` for those not named."""

    description: str = ''
    every: CameraEntry | None = Field(
        None, description="how the profile's cameras are read that are not named below")
    cameras: dict[Name, CameraEntry] = {}

    @staticmethod
    def find(name_or_path: str | Path) -> Path:
        """The file of a set, by name or path; CameraConfigurationError names those there are."""
        text = str(name_or_path)
        if isinstance(name_or_path, Path) or '/' in text or text.endswith(('.yaml', '.yml')):
            return Path(name_or_path)
        path = share.find('vla_bringup', FOLDER, f'{text}.yaml')
        if path is None:
            raise CameraConfigurationError(
                f'no camera set {text!r}; {near_matches(text, CameraSet.available())}')
        return path

    @classmethod
    def load(cls, name_or_path: str | Path) -> 'CameraSet':
        """Read a set; CameraConfigurationError, in one line, names file and field."""
        return read_yaml(cls.find(name_or_path), cls, CameraConfigurationError)

    @staticmethod
    def available() -> list[str]:
        """Names that `load` finds, sorted."""
        return sorted({path.stem for folder in share.folders('vla_bringup', FOLDER)
                       for path in folder.glob('*.yaml') if '.' not in path.stem})

    @staticmethod
    def calibration_path(name_or_path: str | Path) -> Path:
        """Where the calibration of a set stands."""
        path = CameraSet.find(name_or_path)
        return path.with_name(f'{path.stem}.calibration.yaml')

    def resolve(
        self, profile: RobotProfile | None = None, calibration: CalibrationFile | None = None,
    ) -> tuple[CameraConfig, ...]:
        """All cameras, the profile's first; CameraConfigurationError where a part is missing."""
        known = {camera.name: camera for camera in (profile.cameras if profile else ())}
        entries = {name: self.cameras.get(name, self.every) for name in known}
        entries.update(self.cameras)
        calibrated = calibration.cameras if calibration else {}
        return tuple(
            _resolved(name, entry, known.get(name), calibrated.get(name, CameraCalibration()))
            for name, entry in entries.items() if entry is not None)


def load_cameras(
    camera_set: str | Path, robot: str = '', only: Sequence[str] = (), **simulation: str,
) -> tuple[CameraConfig, ...]:
    """
    The cameras of a set with the profile of ``robot`` ('' for none) and what is calibrated.

    ``only`` chooses some by name. ``simulation`` fills what simulated cameras leave open, their
    ``snapshot`` and ``world``. ConfigurationError says in one line what does not fit.
    """
    path = CameraSet.find(camera_set)
    cameras = CameraSet.load(path).resolve(
        RobotProfile.load(robot) if robot else None,
        CalibrationFile.load(CameraSet.calibration_path(path)))
    names = [camera.name for camera in cameras]
    for name in only:
        if name not in names:
            raise CameraConfigurationError(f'{path}: no camera {name!r}; '
                                           f'{near_matches(name, names)}')
    return tuple(_simulated(camera, robot=robot, **simulation) for camera in cameras
                 if not only or camera.name in only)


def _simulated(camera: CameraConfig, **known: str) -> CameraConfig:
    source = camera.source
    if source.kind != 'simulated':
        return camera
    left_open = {key: value for key, value in known.items() if not getattr(source, key)}
    return camera.model_copy(update={'source': source.model_copy(update=left_open)})


def _resolved(
    name: str, entry: CameraEntry, profile: CameraProfile | None, calibration: CameraCalibration,
) -> CameraConfig:
    fields = {field: getattr(entry, field) for field in type(entry).model_fields}
    for field in ('frame', 'width', 'height', 'rate_hz'):
        if fields[field] is None:
            if profile is None:
                raise CameraConfigurationError(
                    f'camera {name}: {field}: is missing, and no robot profile has a camera '
                    f'{name!r}; add it')
            fields[field] = getattr(profile, field)
            if field == 'rate_hz':
                fields[field] = entry.source.usual_rate_hz(fields[field])
    fovy = {'fovy': profile.fovy} if profile else {}
    return CameraConfig(name=name, calibration=calibration, **fields, **fovy)
