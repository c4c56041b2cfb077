"""
all-MiniLM-L6-v2 with torch's own layers (Wang et al., "MiniLM: deep self-attention distillation",
2020).

What transformers computes, without the seconds that importing it takes: a policy server is waited
for. A test holds the two against each other.
"""
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn

__all__ = ['DIMENSION', 'SentenceEncoder']

DIMENSION = 384
LAYERS, HEADS, HIDDEN, EPSILON = 6, 12, 1536, 1e-12


class SentenceEncoder(nn.Module):
    """A BERT encoder of post-normalised layers; ``folder`` holds weights and tokeniser."""

    def __init__(self, folder: Path, most_tokens: int) -> None:
        super().__init__()
        weights = load_file(folder / 'model.safetensors')
        self.words = _embedding(weights, 'word')
        self.positions = _embedding(weights, 'position')
        self.kinds = _embedding(weights, 'token_type')
        self.norm = nn.LayerNorm(DIMENSION, eps=EPSILON)
        _take(self.norm, weights, 'embeddings.LayerNorm')
        layer = nn.TransformerEncoderLayer(
            DIMENSION, HEADS, HIDDEN, activation='gelu', layer_norm_eps=EPSILON, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        for number, layer in enumerate(self.layers.layers):
            _take_layer(layer, weights, f'encoder.layer.{number}')
        self.eval().requires_grad_(False)
        self._tokeniser = Tokenizer.from_file(str(folder / 'tokenizer.json'))
        self._tokeniser.enable_truncation(most_tokens)
        self._tokeniser.enable_padding()

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> list[Tensor]:
        """Tokens [L, 384] of each text, first and last mark included, without padding."""
        read = self._tokeniser.encode_batch(list(texts))
        numbers = torch.tensor([one.ids for one in read])
        known = torch.tensor([one.attention_mask for one in read], dtype=torch.bool)
        tokens = self(numbers, known)
        return [row[mask] for row, mask in zip(tokens, known)]

    def forward(self, numbers: Tensor, known: Tensor) -> Tensor:
        """Numbers of tokens [B, L], known [B, L] where there is one → [B, L, 384]."""
        places = torch.arange(numbers.shape[1], device=numbers.device)
        kinds = torch.zeros_like(numbers)
        embedded = self.norm(self.words(numbers) + self.positions(places) + self.kinds(kinds))
        return self.layers(embedded, src_key_padding_mask=~known)


def _embedding(weights: dict[str, Tensor], kind: str) -> nn.Embedding:
    return nn.Embedding.from_pretrained(weights[f'embeddings.{kind}_embeddings.weight'])


def _take(module: nn.Module, weights: dict[str, Tensor], name: str) -> None:
    module.load_state_dict({'weight': weights[f'{name}.weight'], 'bias': weights[f'{name}.bias']})


def _take_layer(layer: nn.TransformerEncoderLayer, weights: dict[str, Tensor], name: str) -> None:
    for part in ('weight', 'bias'):
        joined = torch.cat([weights[f'{name}.attention.self.{which}.{part}']
                            for which in ('query', 'key', 'value')])
        getattr(layer.self_attn, f'in_proj_{part}').data.copy_(joined)
    _take(layer.self_attn.out_proj, weights, f'{name}.attention.output.dense')
    _take(layer.norm1, weights, f'{name}.attention.output.LayerNorm')
    _take(layer.linear1, weights, f'{name}.intermediate.dense')
    _take(layer.linear2, weights, f'{name}.output.dense')
    _take(layer.norm2, weights, f'{name}.output.LayerNorm')
