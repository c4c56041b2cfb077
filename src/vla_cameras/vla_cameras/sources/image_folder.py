"""
A folder of pictures as a camera, in the order of their names, in real time or as fast as asked.

``depth_folder`` holds depth under the same names, 16-bit PNG in millimetres, as RealSense tools
write it.
"""
import time
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from pydantic import Field

from vla_cameras.frame import Frame, FrameDamaged, SourceEnded, SourceLost
from vla_cameras.sources.source import Pace, Source, SourceConfig
from vla_core.validation import Real

__all__ = ['CameraSource', 'ImageFolderConfig', 'picture_files']

SUFFIXES = {'.png', '.jpg', '.jpeg', '.bmp', '.tif', '.tiff', '.webp'}


class ImageFolderConfig(SourceConfig):
    """A folder that OpenCV reads pictures from."""

    kind: Literal['image_folder'] = 'image_folder'
    path: str = Field(min_length=1)
    depth_folder: str = Field('', description='16-bit PNG in mm, one for each picture; empty: none')
    speed: Real = Field(1.0, ge=0, description='1: real time; 0: as fast as it goes')
    loop: bool = True


def picture_files(folder: Path) -> list[Path]:
    """The pictures of a folder by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


class CameraSource(Source):
    """A folder of pictures."""

    Config = ImageFolderConfig

    def __init__(self, camera: Any) -> None:
        super().__init__(camera)
        self._files: list[Path] = []
        self._index = 0
        self._pace = Pace(self.options.speed)
        self._period_ns = round(1e9 / camera.rate_hz)

    @property
    def place(self) -> str:
        return self.options.path

    def open(self) -> None:
        folder = Path(self.place)
        if not folder.is_dir():
            raise SourceLost(f'no folder {folder}: mend the path')
        self._files = picture_files(folder)
        if not self._files:
            raise SourceLost(f'{folder} holds no pictures ({", ".join(sorted(SUFFIXES))})')

    def read(self) -> Frame | None:
        index, self._index = self._index, self._index + 1
        if index >= len(self._files) and not self.options.loop:
            raise SourceEnded(f'{self.place} has ended after {len(self._files)} pictures')
        due_ns = self._pace.due_ns(index * self._period_ns)
        late_ns = time.monotonic_ns() - due_ns
        if self.options.speed > 0 and late_ns > 2 * self._period_ns:
            return None
        file = self._files[index % len(self._files)]
        image = _read(file, cv2.IMREAD_COLOR)
        depth = self._depth(file, image) if self.options.depth_folder else None
        if (left_ns := due_ns - time.monotonic_ns()) > 0 and self.stopping.wait(left_ns / 1e9):
            return None
        return Frame(image, 'bgr8', due_ns, 'schedule', depth)

    def _depth(self, file: Path, image: np.ndarray) -> np.ndarray:
        path = (Path(self.options.depth_folder) / file.name).with_suffix('.png')
        depth = _read(path, cv2.IMREAD_UNCHANGED)
        if depth.dtype != np.uint16 or depth.shape != image.shape[:2]:
            raise FrameDamaged(f'{path}: depth must be 16-bit and {image.shape[1]}×'
                               f'{image.shape[0]}, as its picture is')
        return depth.astype(np.float32) / 1000

    def close(self) -> None:
        self._files = []


def _read(path: Path, flags: int) -> np.ndarray:
    try:
        data = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    except OSError as error:
        raise FrameDamaged(f'{path} cannot be read: {error.strerror}') from error
    if path.suffix.lower() in ('.jpg', '.jpeg') and data[-64:].tobytes().rfind(b'\xff\xd9') < 0:
        raise FrameDamaged(f'{path} is truncated')
    image = cv2.imdecode(data, flags) if data.size else None
    if image is None:
        raise FrameDamaged(f'{path} is no picture that can be read')
    return image
