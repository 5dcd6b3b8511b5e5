"""A CLIP model of a few thousand random weights, saved as users' models are."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer

MAX_TOKENS = 24
DIMENSIONS = 16
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,-:<>/"


def save_small_clip(folder: Path) -> Path:
    """Model, image processor and tokenizer (of single letters) in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tokens = [*_LETTERS, *(f"{letter}</w>" for letter in _LETTERS)]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary, merges = folder / "vocab.json", folder / "merges.txt"
    vocabulary.write_text(json.dumps({token: number for number, token in enumerate(tokens)}))
    merges.write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(5)
    sizes = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    }
    text = sizes | {
        "vocab_size": len(tokens),
        "max_position_embeddings": MAX_TOKENS,
        "bos_token_id": len(tokens) - 2,
        "eos_token_id": len(tokens) - 1,
        "pad_token_id": len(tokens) - 1,
    }
    vision = sizes | {"image_size": 32, "patch_size": 8}
    config = CLIPConfig(text_config=text, vision_config=vision, projection_dim=DIMENSIONS)
    CLIPModel(config).save_pretrained(folder)
    CLIPImageProcessor(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    ).save_pretrained(folder)
    return folder
