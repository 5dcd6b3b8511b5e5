"""The options of commands that talk to models: who describes, who draws, and how to reach them."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace, _ArgumentGroup
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from refcodec.backends.model_names import DIFFUSION, IMAGE, LOCAL_VISION, VISION
from refcodec.commands.common import complain, standard_output
from refcodec.commands.values import amount, fraction, integer, numbers
from refcodec.picture.names import DESCRIBERS, GENERATORS

if TYPE_CHECKING:
    from refcodec.picture.backends import Backends

PRIVACY = """\
What leaves this machine: nothing, unless --describer openai or --generator openai is given. Then
the picture, scaled down and without metadata, the prompts, and what a .sem file says go to the
service at --base-url (default OPENAI_BASE_URL, or else OpenAI), with the key in OPENAI_API_KEY;
with --reflect, so do the drawings and the text that they are compared with. --dry-run shows the
first request instead. A model of this machine that is named, not given as a folder, is downloaded
from its hub unless it is there already; the hub learns the name, and nothing of the picture."""


def add_describer_options(parser: ArgumentParser, purpose: str) -> _ArgumentGroup:
    """Who describes; `purpose` says in the help what for. More may be added to the group."""
    group = parser.add_argument_group("describer", purpose)
    group.add_argument(
        "--describer",
        choices=DESCRIBERS,
        default="embedded",
        help="embedded: what can be measured, without a model; openai: a vision model of an "
        "OpenAI-compatible service; transformers: a vision model on this machine",
    )
    group.add_argument(
        "--model",
        metavar="NAME",
        help=f"the vision model: its name at the service ({VISION.help}), or for transformers a "
        f"name or folder ({LOCAL_VISION.help})",
    )
    return group


def add_generator_options(parser: ArgumentParser, purpose: str) -> _ArgumentGroup:
    """Who draws, and how; `purpose` says in the help what for. More may be added to the group."""
    group = parser.add_argument_group("generator", purpose)
    group.add_argument(
        "--generator",
        choices=GENERATORS,
        default="baseline",
        help="baseline: the rendering that every decoder can do; openai: an image model of an "
        "OpenAI-compatible service; diffusers: a pipeline on this machine",
    )
    group.add_argument(
        "--image-model",
        metavar="NAME",
        help=f"the image model: its name at the service ({IMAGE.help}), or for diffusers a name "
        f"or folder ({DIFFUSION.help})",
    )
    group.add_argument(
        "--image-sizes",
        type=_sizes,
        metavar="WxH,...",
        help="the sizes that the service's image model draws; the nearest is asked for",
    )
    group.add_argument(
        "--item-edits",
        action="store_true",
        help="with openai: one request more for each item with a place, to draw it there",
    )
    group.add_argument(
        "--steps", type=integer(1, 1000), metavar="N", help="with diffusers: steps of denoising"
    )
    group.add_argument(
        "--work-side",
        type=integer(16, 4096),
        metavar="N",
        help="with diffusers: longest side in pixels to work at (default 512 to 1024)",
    )
    group.add_argument(
        "--strength",
        type=fraction,
        metavar="X",
        help="with diffusers: how far from the thumbnail to go: above 0, at most 1",
    )
    group.add_argument(
        "--guidance", type=amount, metavar="X", help="with diffusers: how closely to keep to words"
    )
    group.add_argument(
        "--negative-prompt", metavar="TEXT", help="with diffusers: what a picture should not be"
    )
    return group


def add_service_options(parser: ArgumentParser) -> None:
    """How services and models on this machine are reached."""
    group = parser.add_argument_group("services and models", PRIVACY)
    group.add_argument("--base-url", metavar="URL", help="the service's address, up to /v1")
    group.add_argument(
        "--api",
        choices=["chat", "responses"],
        default="chat",
        help="how vision models are asked (default chat, which all servers know)",
    )
    group.add_argument(
        "--timeout",
        type=integer(1, 86_400),
        default=300,
        metavar="S",
        help="seconds to wait (default 300)",
    )
    group.add_argument(
        "--retries",
        type=integer(0, 100),
        default=3,
        metavar="N",
        help="times to try again what may pass (default 3)",
    )
    group.add_argument(
        "--connections",
        type=integer(1, 1024),
        default=4,
        metavar="N",
        help="requests under way at a time (default 4)",
    )
    group.add_argument(
        "--send-side",
        type=integer(16, 2048),
        default=1024,
        metavar="N",
        help="longest side in pixels of pictures that are sent (default 1024)",
    )
    group.add_argument(
        "--prices",
        type=numbers(3),
        metavar="IN,OUT,PICTURE",
        help="what a million tokens in, a million out and a picture cost, to report the sum",
    )
    group.add_argument(
        "--cache",
        type=Path,
        metavar="FOLDER",
        help="where answers are kept for another run: descriptions and drawings, as they are "
        "(default: refcodec in XDG_CACHE_HOME, or else ~/.cache/refcodec)",
    )
    group.add_argument("--no-cache", action="store_true", help="keep no answers, and use none")
    group.add_argument(
        "--dry-run",
        action="store_true",
        help="send and write nothing: print the first request, on whose answer others depend",
    )
    group.add_argument(
        "--device",
        default="auto",
        metavar="NAME",
        help="where models of this machine run: cpu, cuda, mps (default auto, the fastest)",
    )


def backends_of(arguments: Namespace) -> Backends:
    """What the options say; loads nothing yet. Raises BackendError for values that cannot be."""
    from refcodec.backends.account import Prices
    from refcodec.backends.settings import ServiceSettings
    from refcodec.picture.backends import Backends, GeneratorOptions, ModelOptions

    service = ServiceSettings(
        base_url=arguments.base_url,
        api=arguments.api,
        timeout_s=arguments.timeout,
        retries=arguments.retries,
        concurrency=arguments.connections,
        send_side=arguments.send_side,
        dry_run=arguments.dry_run,
    )
    options = ModelOptions(
        vision_model=arguments.model,
        image_model=arguments.image_model,
        clip_model=getattr(arguments, "clip_model", None),
        device=arguments.device,
        service=service,
        cache_folder=arguments.cache,
        uses_cache=not arguments.no_cache,
        prices=Prices(*arguments.prices) if arguments.prices else None,
        generator=GeneratorOptions(
            sizes=arguments.image_sizes,
            item_edits=arguments.item_edits,
            steps=arguments.steps,
            work_side=arguments.work_side,
            strength=arguments.strength,
            guidance=arguments.guidance,
            negative_prompt=arguments.negative_prompt,
        ),
    )
    return Backends(options)


def _sizes(word: str) -> tuple[tuple[int, int], ...]:
    from refcodec.backends.service_images import parse_sizes

    try:
        return parse_sizes(word)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


@contextmanager
def account_told(command: str, arguments: Namespace, backends: Backends) -> Iterator[None]:
    """Say at the end what was asked for and spent, also where that end is an error."""
    try:
        yield
    finally:
        if not (arguments.quiet or backends.account.is_empty):
            complain(command, backends.account.report())


@contextmanager
def planned_requests_printed() -> Iterator[None]:
    """In a dry run, print the request that would have been sent, and end there without error."""
    from refcodec.backends.planning import DryRunStop

    try:
        yield
    except DryRunStop as stop:
        print(stop.planned.describe(), file=standard_output())


def tell_that_it_is_there(arguments: Namespace, name: str) -> None:
    """What semenc says of a file that it skips."""
    if not arguments.quiet:
        complain("semenc", f"{name}: there already, left as it is")


def tell_that_nothing_is_sent() -> None:
    """What a dry run says that has come to its end without a request."""
    print("nothing would be sent", file=standard_output())
