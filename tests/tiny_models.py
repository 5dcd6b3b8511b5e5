"""Models of transformers, of the real classes but tiny, for folders that tests load them from.

Their weights are random, or set or trained so that what they say is known.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

WORDS = tuple(
    re.findall(
        r"\w+",
        "a the of photo caption en red green blue grey square circle bicycle wall sky sea sun "
        "house tree on under left right leans stands shines big small old new and with",
    )
)
CLIP_MAX_TOKENS = 16
CLIP_DIMENSIONS = 16
PAD, START, UNKNOWN, END = range(4)
SPECIAL = ("<pad>", "<s>", "<unk>", "</s>")
COLOURS = {"red": (200, 40, 40), "green": (40, 180, 60), "blue": (40, 60, 200)}
BACKGROUND = (128, 128, 128)
SIDE = 16
_PATCH = 8
_TINY = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
_VISION = {**_TINY, "image_size": SIDE, "patch_size": _PATCH}
# Large enough for different pictures and random numbers to give different words.
_SPREAD = {"initializer_range": 0.5}
# Random weights may end before they have begun.
_MIN_WORDS = 4
_ANSWER = "<answer>"
_IMAGE = "<image>"
CHAT_TEMPLATE = (
    "{% for message in messages %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image> {% else %}{{ part['text'] }} {% endif %}"
    "{% endfor %}{% endfor %}"
    "{% if enable_thinking is defined and not enable_thinking %}and {% endif %}"
    "{% if add_generation_prompt %}<answer>{% endif %}"
)


def save_chat_model(folder: Path, answers: Sequence[str] = ()) -> Path:
    """LLaVA with a chat template. With answers, it gives one of them to every question.

    The first is the likeliest, the others come by sampling. Without, it says random words.
    """
    from transformers import LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor

    pieces = [_pieces(index, answer) for index, answer in enumerate(answers)]
    words = [*WORDS, _ANSWER, _IMAGE, *(piece for answer in pieces for piece in answer)]
    tokenizer = _tokenizer(words, [_IMAGE, _ANSWER])
    text = dict(_TINY, hidden_size=max(16, len(tokenizer))) if answers else _TINY
    text["hidden_size"] += -text["hidden_size"] % 4
    torch.manual_seed(0)
    model = LlavaForConditionalGeneration(
        LlavaConfig(
            vision_config=_clip_vision(),
            text_config=_llama(len(tokenizer), text),
            image_token_index=tokenizer.convert_tokens_to_ids(_IMAGE),
        )
    )
    if answers:
        chains = [tokenizer.convert_tokens_to_ids(answer) for answer in pieces]
        _teach(model, tokenizer.convert_tokens_to_ids(_ANSWER), chains)
    else:
        model.generation_config.min_new_tokens = _MIN_WORDS
    processor = LlavaProcessor(
        _images("CLIPImageProcessorPil"),
        tokenizer,
        patch_size=_PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT_TEMPLATE,
    )
    return _save(folder, model, processor)


def _pieces(index: int, answer: str) -> list[str]:
    """An answer as tokens that no other place has; the decoder takes off what is before |."""
    words = answer.split(" ")
    return [f"{index}.{place}|{word}" for place, word in enumerate(words)]


def _teach(model: Any, begin: int, chains: Sequence[Sequence[int]]) -> None:
    """Set weights so that each token is followed by the next one of its chain.

    Layers add nothing to a token's embedding, which is one of the unit vectors; the row of the
    token that shall follow looks for that vector.
    """
    language = model.get_decoder()
    with torch.no_grad():
        for layer in language.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        embedding, head = model.get_input_embeddings().weight, model.lm_head.weight
        embedding.copy_(torch.eye(*embedding.shape))
        head.zero_()
        for rank, chain in enumerate(chains):
            head[chain[0], begin] = 3 - 0.05 * rank
            for token, following in zip(chain, [*chain[1:], END], strict=True):
                head[following, token] = 5


def save_captioner(folder: Path) -> Path:
    """BLIP: a captioner with a processor, and random words."""
    from transformers import BlipConfig, BlipForConditionalGeneration, BlipProcessor

    tokenizer = _tokenizer(WORDS)
    text = {
        **_TINY,
        **_SPREAD,
        **_numbers(),
        "vocab_size": len(tokenizer),
        "encoder_hidden_size": 16,
        "max_position_embeddings": 64,
        "sep_token_id": END,
    }
    torch.manual_seed(1)
    model = BlipForConditionalGeneration(
        BlipConfig(vision_config={**_VISION, **_SPREAD}, text_config=text, **_SPREAD)
    )
    return _save(folder, model, BlipProcessor(_images("BlipImageProcessorPil"), tokenizer))


def save_composed_captioner(folder: Path) -> Path:
    """A vision transformer with GPT-2, which has no processor of its own, and random words."""
    from transformers import (
        GPT2Config,
        VisionEncoderDecoderConfig,
        VisionEncoderDecoderModel,
        ViTConfig,
    )

    tokenizer = _tokenizer(WORDS)
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(
        ViTConfig(**_VISION, **_SPREAD),
        GPT2Config(
            vocab_size=len(tokenizer),
            n_embd=16,
            n_layer=1,
            n_head=2,
            n_positions=64,
            **_SPREAD,
            **_numbers(),
        ),
    )
    torch.manual_seed(2)
    model = VisionEncoderDecoderModel(config)
    model.generation_config.update(
        decoder_start_token_id=START, min_new_tokens=_MIN_WORDS, **_numbers()
    )
    return _save(folder, model, tokenizer, _images("ViTImageProcessorPil"))


def save_prompted_captioner(folder: Path) -> Path:
    """PaliGemma: a captioner that is asked for its caption in fixed words, and repeats them."""
    from transformers import (
        PaliGemmaConfig,
        PaliGemmaForConditionalGeneration,
        PaliGemmaProcessor,
    )

    tokenizer = _tokenizer([*WORDS, _IMAGE], [_IMAGE])
    images = _images("SiglipImageProcessorPil")
    images.image_seq_length = (SIDE // _PATCH) ** 2
    processor = PaliGemmaProcessor(images, tokenizer)
    text = {
        **_TINY,
        **_SPREAD,
        **_numbers(),
        "model_type": "gemma",
        "vocab_size": len(processor.tokenizer),
        "num_key_value_heads": 2,
        "head_dim": 8,
        "max_position_embeddings": 256,
    }
    torch.manual_seed(3)
    model = PaliGemmaForConditionalGeneration(
        PaliGemmaConfig(
            vision_config={
                "model_type": "siglip_vision_model",
                **_VISION,
                "vision_use_head": False,
            },
            text_config=text,
            image_token_index=tokenizer.convert_tokens_to_ids(_IMAGE),
            projection_dim=16,
            hidden_size=16,
        )
    )
    model.generation_config.min_new_tokens = _MIN_WORDS
    return _save(folder, model, processor)


def save_instructed_captioner(folder: Path) -> Path:
    """InstructBLIP: it has no chat template, but takes a question; random words."""
    from transformers import (
        InstructBlipConfig,
        InstructBlipForConditionalGeneration,
        InstructBlipProcessor,
    )

    tokenizer = _tokenizer([*WORDS, _IMAGE], [_IMAGE])
    shared = {**_SPREAD, **_numbers(), "vocab_size": len(tokenizer)}
    text = {
        **shared,
        "model_type": "opt",
        "hidden_size": 16,
        "word_embed_proj_dim": 16,
        "ffn_dim": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "max_position_embeddings": 256,
    }
    torch.manual_seed(6)
    model = InstructBlipForConditionalGeneration(
        InstructBlipConfig(
            vision_config={**_VISION, **_SPREAD},
            qformer_config={**_TINY, **shared, "encoder_hidden_size": 16},
            text_config=text,
            num_query_tokens=4,
            image_token_index=tokenizer.convert_tokens_to_ids(_IMAGE),
        )
    )
    model.generation_config.min_new_tokens = _MIN_WORDS
    images = _images("BlipImageProcessorPil")
    processor = InstructBlipProcessor(images, tokenizer, _tokenizer(WORDS), num_query_tokens=4)
    return _save(folder, model, processor)


def save_clip(folder: Path, steps: int = 0, more_words: Sequence[str] = ()) -> Path:
    """CLIP with random weights; some 60 steps of training teach it COLOURS and BACKGROUND.

    It knows `more_words` than WORDS.
    """
    from transformers import CLIPConfig, CLIPModel, CLIPProcessor

    tokenizer = _tokenizer([*WORDS, *more_words], add_ends=True)
    text = {
        **_TINY,
        **_numbers(),
        "vocab_size": len(tokenizer),
        "max_position_embeddings": CLIP_MAX_TOKENS,
    }
    torch.manual_seed(4)
    model = CLIPModel(
        CLIPConfig(vision_config=_VISION, text_config=text, projection_dim=CLIP_DIMENSIONS)
    )
    processor = CLIPProcessor(_images("CLIPImageProcessorPil"), tokenizer)
    _train(model, processor, steps)
    return _save(folder, model, processor)


def save_siglip(folder: Path) -> Path:
    """SigLIP with random weights."""
    from transformers import SiglipConfig, SiglipModel, SiglipProcessor

    tokenizer = _tokenizer(WORDS)
    text = {**_TINY, **_numbers(), "vocab_size": len(tokenizer), "max_position_embeddings": 16}
    text["projection_size"] = 16
    torch.manual_seed(5)
    model = SiglipModel(SiglipConfig(vision_config=_VISION, text_config=text))
    return _save(folder, model, SiglipProcessor(_images("SiglipImageProcessorPil"), tokenizer))


def _train(model: Any, processor: Any, steps: int) -> None:
    """Teach CLIP which word goes with a picture full of a colour, and that no other does more."""
    names = [*COLOURS, "grey"]
    colours = torch.tensor([*COLOURS.values(), BACKGROUND], dtype=torch.float32)
    texts = processor(
        text=[f"a photo of {name}" for name in names], return_tensors="pt", padding=True
    )
    # The corners of a regular simplex: as far from one another as so many can all be.
    wanted = torch.full((len(names), len(names)), -1 / (len(names) - 1)).fill_diagonal_(1)
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
    generator = torch.Generator().manual_seed(0)
    for _ in range(steps):
        right = torch.randint(len(names), (16,), generator=generator)
        noise = 12 * torch.randn((16, SIDE, SIDE, 3), generator=generator)
        samples = (colours[right][:, None, None] + noise).clamp(0, 255).byte().numpy()
        pictures = processor(images=list(map(Image.fromarray, samples)), return_tensors="pt")
        output = model(**texts, **pictures)
        cosines = output.image_embeds @ output.text_embeds.T
        optimiser.zero_grad()
        loss: Any = torch.nn.functional.mse_loss(cosines, wanted[right])
        loss.backward()
        optimiser.step()


def _tokenizer(words: Sequence[str], marks: Sequence[str] = (), *, add_ends: bool = False) -> Any:
    """A tokenizer of whole words; `marks` are tokens wherever they stand in a text."""
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: number for number, word in enumerate([*SPECIAL, *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=SPECIAL[UNKNOWN]))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace(Regex(r"^[0-9.]+\|"), ""),
            decoders.Replace(Regex("$"), " "),
            decoders.Fuse(),
        ]
    )
    if add_ends:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{SPECIAL[START]} $A {SPECIAL[END]}",
            special_tokens=[(SPECIAL[number], number) for number in (START, END)],
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=SPECIAL[PAD],
        bos_token=SPECIAL[START],
        unk_token=SPECIAL[UNKNOWN],
        eos_token=SPECIAL[END],
        additional_special_tokens=list(marks),
    )


def _images(name: str) -> Any:
    """An image processor of transformers that needs Pillow only."""
    import transformers

    size = {"height": SIDE, "width": SIDE}
    if name != "CLIPImageProcessorPil":
        return getattr(transformers, name)(size=size)
    return transformers.CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size=size)


def _numbers() -> dict[str, Any]:
    return {"pad_token_id": PAD, "bos_token_id": START, "eos_token_id": END}


def _clip_vision() -> Any:
    from transformers import CLIPVisionConfig

    return CLIPVisionConfig(**_VISION, **_SPREAD)


def _llama(vocabulary_size: int, sizes: dict[str, int]) -> Any:
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=vocabulary_size,
        max_position_embeddings=4096,
        **sizes,
        **_SPREAD,
        **_numbers(),
    )


def _save(folder: Path, *parts: Any) -> Path:
    from transformers.utils import logging

    logging.disable_progress_bar()
    for part in parts:
        part.save_pretrained(folder)
    logging.enable_progress_bar()
    return folder
