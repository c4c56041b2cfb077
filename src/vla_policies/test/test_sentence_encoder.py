"""The text encoder against what transformers makes of the same weights."""
import numpy as np
import pytest

from vla_policies.mini import language
from vla_policies.mini.language import MOST_TOKENS, TextEncoder
from vla_policies.policy import PolicyError

TEXTS = ['pick up the red cube', 'PUSH the small blue ball, please, onto the grün plate!', '',
         'one ' * 900]


def test_tokens_are_those_of_transformers():
    torch = pytest.importorskip('torch')
    transformers = pytest.importorskip('transformers')
    folder = language._folder()
    tokeniser = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = transformers.AutoModel.from_pretrained(folder, local_files_only=True).eval()
    words = tokeniser(TEXTS, padding=True, truncation=True, max_length=MOST_TOKENS,
                      return_tensors='pt')
    with torch.inference_mode():
        expected = model(**words).last_hidden_state.numpy()
    lengths = words['attention_mask'].sum(1).tolist()
    assert lengths[-1] == MOST_TOKENS
    for tokens, row, length in zip(TextEncoder().encode(TEXTS), expected, lengths):
        assert tokens.shape == (length, 384) and tokens.dtype == np.float32
        assert np.abs(tokens - row[:length]).max() < 2e-5


def test_a_text_says_the_same_alone_and_among_others():
    together = TextEncoder().encode(TEXTS)
    for text, tokens in zip(TEXTS, together):
        assert np.abs(TextEncoder().encode([text])[0] - tokens).max() < 2e-5


def test_other_weights_are_refused(tmp_path, monkeypatch):
    (tmp_path / 'model.safetensors').write_bytes(b'other')
    monkeypatch.setenv(language.FOLDER, str(tmp_path))
    language._encoder.cache_clear()
    try:
        with pytest.raises(PolicyError, match='is not all-MiniLM-L6-v2'):
            TextEncoder().encode(['lift'])
    finally:
        language._encoder.cache_clear()
