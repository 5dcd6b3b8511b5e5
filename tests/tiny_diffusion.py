"""Diffusion models with tiny random weights, saved as users' models are."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import (
    AuraFlowPipeline,
    AuraFlowTransformer2DModel,
    AutoencoderKL,
    DDIMScheduler,
    FlowMatchEulerDiscreteScheduler,
    LatentConsistencyModelPipeline,
    LCMScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
from PIL import Image
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    T5Tokenizer,
    UMT5Config,
    UMT5EncoderModel,
)

from refcodec.generators.diffusion_model import DiffusionModel, Settings

TOKENS_MAX = 77
_WIDTH = 8
# Original height and width, crop's top and left, target height and width.
_SIZE_INPUTS = 6
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789,.:;%-"


def save_stable_diffusion(
    folder: Path, *, checker: bool = False, scheduler: Any = DDIMScheduler
) -> Path:
    """A pipeline of the Stable Diffusion kind, whose pictures have sides of multiples of 2.

    `scheduler` is a class of diffusers. With `checker` it has a safety checker that objects to
    everything.
    """
    torch.manual_seed(5)
    parts = _parts(folder) | {
        "unet": _unet(),
        "scheduler": _scheduler(scheduler),
        "safety_checker": _checker() if checker else None,
        "feature_extractor": _feature_extractor() if checker else None,
        "requires_safety_checker": checker,
    }
    StableDiffusionPipeline(**parts).save_pretrained(folder)
    return folder


def save_stable_diffusion_xl(folder: Path) -> Path:
    """A pipeline of the kind of the default model: two text encoders, and sizes as inputs."""
    torch.manual_seed(7)
    parts = _parts(folder)
    encoder = parts["text_encoder"]
    config = CLIPTextConfig(**{**encoder.config.to_dict(), "projection_dim": _WIDTH})
    parts |= {
        "text_encoder_2": CLIPTextModelWithProjection(config),
        "tokenizer_2": parts["tokenizer"],
        "unet": _unet(
            addition_embed_type="text_time",
            addition_time_embed_dim=_WIDTH,
            projection_class_embeddings_input_dim=_SIZE_INPUTS * _WIDTH + _WIDTH,
            cross_attention_dim=2 * _WIDTH,
        ),
        "scheduler": _scheduler(DDIMScheduler),
        "add_watermarker": False,
    }
    StableDiffusionXLPipeline(**parts).save_pretrained(folder)
    return folder


def save_latent_consistency(folder: Path) -> Path:
    """A pipeline that diffusers has no inpainting of, and that takes no negative prompt."""
    torch.manual_seed(6)
    parts = _parts(folder) | {
        "unet": _unet(time_cond_proj_dim=_WIDTH),
        "scheduler": _scheduler(LCMScheduler),
        "safety_checker": None,
        "feature_extractor": None,
        "requires_safety_checker": False,
    }
    LatentConsistencyModelPipeline(**parts).save_pretrained(folder)
    return folder


def save_aura_flow(folder: Path) -> Path:
    """A transformer, which diffusers draws with from words alone."""
    torch.manual_seed(8)
    tokenizer = T5Tokenizer(model_max_length=16)
    encoder = UMT5Config(
        vocab_size=len(tokenizer),
        d_model=_WIDTH,
        d_kv=4,
        d_ff=2 * _WIDTH,
        num_layers=1,
        num_heads=2,
    )
    transformer = AuraFlowTransformer2DModel(
        sample_size=16,
        patch_size=2,
        in_channels=4,
        out_channels=4,
        num_mmdit_layers=1,
        num_single_dit_layers=1,
        attention_head_dim=_WIDTH,
        num_attention_heads=2,
        caption_projection_dim=2 * _WIDTH,
        joint_attention_dim=_WIDTH,
        pos_embed_max_size=4096,
    )
    AuraFlowPipeline(
        tokenizer=tokenizer,
        text_encoder=UMT5EncoderModel(encoder),
        vae=_vae(),
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(),
    ).save_pretrained(folder)
    return folder


def _parts(folder: Path) -> dict[str, Any]:
    """Text encoder, tokenizer and VAE."""
    tokenizer = _tokenizer(folder)
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=_WIDTH,
        intermediate_size=2 * _WIDTH,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=TOKENS_MAX,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return {"text_encoder": CLIPTextModel(config), "tokenizer": tokenizer, "vae": _vae()}


def _vae() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=[_WIDTH, _WIDTH],
        down_block_types=["DownEncoderBlock2D"] * 2,
        up_block_types=["UpDecoderBlock2D"] * 2,
        latent_channels=4,
        norm_num_groups=4,
        sample_size=32,
    )


def _tokenizer(folder: Path) -> CLIPTokenizer:
    """A tokenizer of letters and the one word "red"."""
    folder.mkdir(parents=True, exist_ok=True)
    tokens = [*_LETTERS, *(f"{letter}</w>" for letter in _LETTERS), "re", "red</w>"]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary, merges = folder / "vocab.json", folder / "merges.txt"
    vocabulary.write_text(json.dumps({token: place for place, token in enumerate(tokens)}))
    merges.write_text("#version: 0.2\nr e\nre d</w>\n")
    return CLIPTokenizer(str(vocabulary), str(merges), model_max_length=TOKENS_MAX)


def _unet(cross_attention_dim: int = _WIDTH, **options: Any) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        block_out_channels=(_WIDTH, 2 * _WIDTH),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=cross_attention_dim,
        attention_head_dim=4,
        norm_num_groups=4,
        sample_size=16,
        **options,
    )


def _scheduler(kind: Any) -> Any:
    """A scheduler with the settings of Stable Diffusion, as far as the class has them."""
    settings = {
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "clip_sample": False,
        "set_alpha_to_one": False,
        "steps_offset": 1,
    }
    known = inspect.signature(kind).parameters
    return kind(**{name: value for name, value in settings.items() if name in known})


def _checker() -> StableDiffusionSafetyChecker:
    """A safety checker with thresholds below every similarity."""
    vision = {
        "hidden_size": _WIDTH,
        "intermediate_size": 2 * _WIDTH,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 16,
        "patch_size": 8,
    }
    config = CLIPConfig(vision_config=vision, projection_dim=_WIDTH)
    checker = StableDiffusionSafetyChecker(config)
    for thresholds in (checker.concept_embeds_weights, checker.special_care_embeds_weights):
        thresholds.data.fill_(-2.0)
    return checker


def _feature_extractor() -> CLIPImageProcessor:
    return CLIPImageProcessor(size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16})


class Recorder:
    """Takes down what the pipelines of a generator are called with, and what they return."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.results: list[Image.Image] = []
        original = DiffusionModel._run

        def run(
            model: DiffusionModel, pipeline: Any, settings: Settings, **inputs: Any
        ) -> Image.Image:
            self.calls.append((type(pipeline).__name__, {"settings": settings, **inputs}))
            self.results.append(original(model, pipeline, settings, **inputs))
            return self.results[-1]

        monkeypatch.setattr(DiffusionModel, "_run", run)

    @property
    def stages(self) -> list[str]:
        names = [name.removeprefix("StableDiffusion") for name, _ in self.calls]
        return [name.removesuffix("Pipeline") or "Text" for name in names]
