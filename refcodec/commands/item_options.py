"""The options of semenc that say what is in the picture and where: items, masks, boxes."""

from __future__ import annotations

from argparse import Action, ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from refcodec.document import Item
from refcodec.errors import SemError
from refcodec.limits import ITEMS_MAX, MAP_MAX_SIDE, MAP_MIN_SIDE

if TYPE_CHECKING:
    from refcodec.picture.load import LoadedPicture
    from refcodec.visual.maps import Box, Map

Size = tuple[int, int]


@dataclass(frozen=True)
class MaskFile:
    """The name of a picture that is white where an item is."""

    name: str


class Saliency:
    """Where the picture draws the eye."""


@dataclass(frozen=True)
class ItemOption:
    """An --item, and the option after it that says where it is."""

    name: str
    detail: str
    place: MaskFile | Saliency | Box | None = None


def add_item_options(parser: ArgumentParser) -> None:
    """The options; `arguments.items` becomes a list of ItemOption."""
    group = parser.add_argument_group(
        "items", f"up to {ITEMS_MAX} things in the picture; a place belongs to the --item before it"
    )
    group.add_argument(
        "--item",
        dest="items",
        action=_AddItem,
        default=[],
        metavar="NAME[: DETAIL]",
        help="a thing in the picture",
    )
    group.add_argument(
        "--mask",
        dest="items",
        action=_AddPlace,
        type=MaskFile,
        metavar="FILE",
        help="its place: a picture that is white, or opaque, where it is",
    )
    group.add_argument(
        "--box",
        dest="items",
        action=_AddPlace,
        type=_box,
        metavar="L,T,R,B",
        help="its place: left, top, right, bottom as fractions (0 to 1) of the picture",
    )
    group.add_argument(
        "--saliency",
        dest="items",
        action=_AddPlace,
        nargs=0,
        help="its place: where the picture draws the eye, which needs no model",
    )
    group.add_argument(
        "--map-size",
        type=_size,
        default=(8, 8),
        metavar="N|WxH",
        help="cells of masks and saliency, 4 to 64 a side (default 8)",
    )
    group.add_argument(
        "--map-bits",
        type=int,
        choices=range(1, 5),
        default=1,
        help="bits a cell of masks and saliency (default 1)",
    )


class _AddItem(Action):
    """Appends an item."""

    def __call__(
        self, parser: ArgumentParser, namespace: Namespace, values: Any, _: str | None = None
    ) -> None:
        name, _colon, detail = (word.strip() for word in values.partition(":"))
        items: list[ItemOption] = namespace.items
        if not name:
            parser.error(f"--item {values!r}: it has no name")
        if len(items) == ITEMS_MAX:
            parser.error(f"--item: a file holds at most {ITEMS_MAX} items")
        namespace.items = [*items, ItemOption(name, detail)]


class _AddPlace(Action):
    """Gives the last item its place."""

    def __call__(
        self, parser: ArgumentParser, namespace: Namespace, values: Any, option: str | None = None
    ) -> None:
        items: list[ItemOption] = namespace.items
        if not items:
            parser.error(f"{option}: there is no --item before it")
        *others, last = items
        if last.place is not None:
            parser.error(f"{option}: item {last.name!r} has a place already")
        namespace.items = [*others, replace(last, place=values or Saliency())]


def _box(word: str) -> Box:
    from refcodec.visual.maps import Box

    try:
        left, top, right, bottom = (float(part) for part in word.split(","))
        return Box.from_fractions(left, top, right, bottom)
    except SemError as error:
        raise ArgumentTypeError(str(error)) from None
    except ValueError:
        raise ArgumentTypeError(f"{word!r} is not four numbers with commas between") from None


def _size(word: str) -> Size:
    sides = word.lower().split("x")
    if not all(side.isdecimal() for side in sides) or len(sides) > 2:
        raise ArgumentTypeError(f"{word!r} is not a number N, nor WxH")
    width, height = int(sides[0]), int(sides[-1])
    if not all(MAP_MIN_SIDE <= side <= MAP_MAX_SIDE for side in (width, height)):
        raise ArgumentTypeError(f"{word} is not in {MAP_MIN_SIDE} to {MAP_MAX_SIDE} a side")
    return width, height


def items_of(arguments: Namespace, picture: LoadedPicture) -> tuple[Item, ...]:
    """The items that the options ask for, in the picture; SemError or OSError for a bad mask."""
    return tuple(
        Item(option.name, option.detail, _place(option.place, picture, arguments))
        for option in arguments.items
    )


def _place(
    place: MaskFile | Saliency | Box | None, picture: LoadedPicture, arguments: Namespace
) -> Map | Box | None:
    from refcodec.picture.item_maps import loaded_saliency, map_from_mask

    if isinstance(place, MaskFile):
        return map_from_mask(place.name, arguments.map_size, arguments.map_bits)
    if isinstance(place, Saliency):
        return loaded_saliency(picture, arguments.map_size, arguments.map_bits)
    return place
