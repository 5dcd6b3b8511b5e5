"""Options that contradict each other or have nobody to obey them: usage errors, before any work."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from refcodec.commands.reflecting import COMPARE
from refcodec.picture.names import BASELINE, DIFFUSERS, EMBEDDED, LOCATOR_OF, OPENAI

_ITEMS_PRESET = "items"
_BOXES = "boxes"
_CLIP = "clip"
# By the generators that have them.
_SETTINGS_OF = {
    (OPENAI, DIFFUSERS): ("image_model",),
    (OPENAI,): ("image_sizes", "item_edits"),
    (DIFFUSERS,): ("steps", "work_side", "strength", "guidance", "negative_prompt"),
}


def check_describing(parser: ArgumentParser, arguments: Namespace) -> None:
    """What semenc is told of describer, locator and generator, or a usage error."""
    if arguments.describer == EMBEDDED:
        _refuse_model(parser, arguments)
        if arguments.template:
            parser.error("--template is for a model; give --describer openai or transformers")
    if arguments.generator != BASELINE and not arguments.reflect:
        parser.error("--generator draws for --reflect; give that as well, or draw with semdec")
    _check_generator(parser, arguments)
    _check_locator(parser, arguments)


def check_drawing(parser: ArgumentParser, arguments: Namespace) -> None:
    """What semdec is told of generator and describer, or a usage error."""
    if arguments.describer == EMBEDDED:
        _refuse_model(parser, arguments)
    elif not arguments.reflect:
        parser.error("--describer looks at drawings for --reflect; give that as well")
    if arguments.judge != COMPARE and not arguments.reflect:
        parser.error("--judge compares for --reflect; give that as well")
    _check_generator(parser, arguments)
    is_part = arguments.thumbnail or arguments.map is not None
    if is_part and (arguments.reflect or arguments.generator != BASELINE):
        parser.error("--thumbnail and --map draw nothing; leave out --generator and --reflect")


def _check_generator(parser: ArgumentParser, arguments: Namespace) -> None:
    """A usage error for settings that the chosen generator does not have."""
    for generators, names in _SETTINGS_OF.items():
        for name in names:
            if getattr(arguments, name) and arguments.generator not in generators:
                option = "--" + name.replace("_", "-")
                parser.error(f"{option} is for --generator {' or '.join(generators)}")


def has_items_to_locate(arguments: Namespace) -> bool:
    """Whether there are items that a locator may find: the user's without places, or a model's."""
    if arguments.items:
        return any(option.place is None for option in arguments.items)
    return bool(arguments.preset == _ITEMS_PRESET)


def _refuse_model(parser: ArgumentParser, arguments: Namespace) -> None:
    if arguments.model:
        parser.error("--model is for a describer that has one; give --describer as well")


def _check_locator(parser: ArgumentParser, arguments: Namespace) -> None:
    if (arguments.locator or arguments.clip_model) and not has_items_to_locate(arguments):
        parser.error(
            "--locator and --clip-model find items; give --preset items, or an --item without place"
        )
    if arguments.locator == _BOXES and arguments.describer == EMBEDDED:
        parser.error("--locator boxes asks a model; give --describer openai or transformers")
    default = LOCATOR_OF[arguments.describer] if arguments.preset == _ITEMS_PRESET else None
    if arguments.clip_model and (arguments.locator or default) != _CLIP:
        parser.error("--clip-model is for --locator clip; give that as well")
