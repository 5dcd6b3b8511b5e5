"""semeval: how good the reconstructions of `.sem` files are, and what the files cost."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path

from refcodec.backends.model_names import CLIP
from refcodec.commands.common import (
    STANDARD_STREAM,
    attempt,
    complain,
    first_failure,
    new_parser,
    print_as_utf8,
    refuse_existing,
    run,
    standard_output,
    write_output,
)
from refcodec.evaluation.catalogue import ARNIQA_DATASETS, LPIPS_NETS, OPTIONAL
from refcodec.evaluation.pairing import PairingError, Source, pair
from refcodec.text.visible import visible

DESCRIPTION = """\
Compare pictures with their reconstructions from .sem files: bytes by part, bits per pixel,
PSNR, SSIM and MS-SSIM; with --measure also what trained models say of them.

  semeval house.jpg house.sem                 what the baseline rendering shows
  semeval house.jpg house.sem drawn.png       what a generator drew
  semeval originals/ coded/ -o report/        folders: partners have the same stem
  semeval originals/ --system a=x/ --system b=y/ -o report/
                                              systems compared, with plots

A folder of .sem files may hold the reconstructions (x/house.sem, x/house.png); if it holds no
pictures, or none are given, the baseline rendering is drawn. Files named STEM-NUMBER.sem are
rates of one original. The report is one HTML file that needs nothing else."""
REPORT_NAME = "report.html"
CSV_NAME = "measures.csv"
LEFTOVERS_SHOWN = 5
# Of so many originals the report has pictures, 60 kB or so each; the table has all.
REPORT_MAX_PICTURES = 100


def parse_arguments() -> Namespace:
    """The command line; ends the process with status 2 where it is wrong or does not pair up."""
    parser = new_parser("semeval", DESCRIPTION)
    parser.add_argument(
        "originals", type=Path, metavar="ORIGINALS", help="a picture, or a folder of pictures"
    )
    parser.add_argument(
        "files",
        type=Path,
        nargs="?",
        metavar="FILES",
        help="its .sem file, or a folder of .sem files",
    )
    parser.add_argument(
        "pictures",
        type=Path,
        nargs="?",
        metavar="PICTURES",
        help="its reconstruction, or a folder of them",
    )
    parser.add_argument(
        "--system",
        action="append",
        default=[],
        metavar="NAME=FOLDER",
        help="files and reconstructions of a system, in place of FILES; the same NAME again "
        "gives another rate of it, and the plots join them",
    )
    parser.add_argument(
        "--texts",
        type=Path,
        metavar="PATH",
        help="other descriptions to compare the files' with: a .txt or .sem file, or a folder",
    )
    parser.add_argument(
        "--partial", action="store_true", help="leave out what has no partner; it is named"
    )
    _add_measure_options(parser)
    _add_output_options(parser)
    arguments = parser.parse_args()
    _complete(parser, arguments)
    return arguments


def _add_measure_options(parser: ArgumentParser) -> None:
    lines = [f"{name}: {measure.says}" for name, measure in OPTIONAL.items()]
    group = parser.add_argument_group(
        "measures by models",
        "of the extra [metrics]; their weights are downloaded when first used.\n"
        + "\n".join(lines),
    )
    group.add_argument(
        "--measure",
        action="append",
        default=[],
        metavar="NAME,...",
        help="measure these as well",
    )
    group.add_argument(
        "--clip-model",
        metavar="NAME",
        help=f"for CLIP's measures: a name or folder ({CLIP.help})",
    )
    group.add_argument(
        "--lpips-net",
        choices=LPIPS_NETS,
        default=LPIPS_NETS[0],
        help=f"LPIPS's network (default {LPIPS_NETS[0]})",
    )
    group.add_argument(
        "--arniqa-data",
        choices=ARNIQA_DATASETS,
        default=ARNIQA_DATASETS[0],
        help=f"what ARNIQA was fitted to (default {ARNIQA_DATASETS[0]})",
    )
    group.add_argument(
        "--fid-weights", metavar="FILE", help="torch-fidelity's Inception weights, if not its own"
    )
    group.add_argument(
        "--device",
        default="auto",
        metavar="NAME",
        help="where models run: cpu, cuda, mps (default: an accelerator if there is one)",
    )


def _add_output_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FOLDER",
        help=f"write {REPORT_NAME} and {CSV_NAME} there",
    )
    parser.add_argument("-f", "--force", action="store_true", help="overwrite files")
    parser.add_argument(
        "--csv", metavar="FILE", help="write the table as CSV; - is standard output"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, not a table")
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors and results only")


def _complete(parser: ArgumentParser, arguments: Namespace) -> None:
    """Settle measures and cases, or end with a usage error."""
    arguments.measures = _measures(parser, arguments)
    if arguments.csv == STANDARD_STREAM and arguments.json:
        parser.error("--json prints nothing but JSON; give --csv a file")
    if arguments.output is not None and arguments.output.exists() and not arguments.output.is_dir():
        parser.error(f"-o {arguments.output}: it is a file, not a folder")
    try:
        sources = _sources(parser, arguments)
        pairing = pair(arguments.originals, sources, arguments.texts)
    except PairingError as error:
        parser.error(str(error))
    except OSError as error:
        parser.error(f"{error.filename}: {error.strerror}")
    arguments.cases, arguments.leftovers = pairing.cases, pairing.leftovers
    if pairing.leftovers and not arguments.partial:
        shown = "; ".join(pairing.leftovers[:LEFTOVERS_SHOWN])
        more = len(pairing.leftovers) - LEFTOVERS_SHOWN
        parser.error(
            f"without a partner: {shown}{f'; and {more} more' if more > 0 else ''}; "
            "--partial leaves them out"
        )
    if not pairing.cases:
        parser.error("nothing pairs up: files and their originals have the same stem")


def _measures(parser: ArgumentParser, arguments: Namespace) -> frozenset[str]:
    """The names that --measure gives."""
    names = [name for names in arguments.measure for name in names.split(",")]
    for name in names:
        if name not in OPTIONAL:
            parser.error(f"--measure {name}: not known; there are {', '.join(OPTIONAL)}")
    if "clip-texts" in names and arguments.texts is None:
        parser.error("--measure clip-texts compares descriptions; give the others with --texts")
    return frozenset(names)


def _sources(parser: ArgumentParser, arguments: Namespace) -> list[Source]:
    """FILES as one system, or those of --system."""
    if bool(arguments.system) == (arguments.files is not None):
        parser.error("give either FILES or --system")
    if arguments.files is not None:
        return [Source(_name(arguments.files), arguments.files, arguments.pictures)]
    named = []
    for word in arguments.system:
        name, equals, folder = word.partition("=")
        if not (name and equals and folder):
            parser.error(f"--system {word!r}: it is NAME=FOLDER")
        named.append((name, Path(folder)))
    names = [name for name, _ in named]
    return [
        Source(name, folder, label=_name(folder) if names.count(name) > 1 else "")
        for name, folder in named
    ]


def _name(path: Path) -> str:
    """What a file or folder is called, also if it is given as `.`."""
    # Path.resolve does not end with an OSError, but with another, where links go round.
    return Path(os.path.realpath(path)).name


def evaluate_all(arguments: Namespace) -> int:
    """Measure every case, print the table and write the report; the first failure's status."""
    print_as_utf8()
    status = attempt("semeval", "", partial(_prepare, arguments=arguments))
    if status:
        return status
    for leftover in arguments.leftovers:
        complain("semeval", f"left out: {leftover}")
    cases = range(len(arguments.cases))
    statuses = [_measure_one(arguments, index) for index in cases]
    if arguments.results:
        statuses.append(attempt("semeval", "", partial(_report, arguments=arguments)))
    return first_failure(statuses)


def _prepare(_: str, arguments: Namespace) -> None:
    """Load what the measures need, before time is spent on those that need nothing."""
    from refcodec.evaluation.learned import ModelOptions, load_measures

    for name in _outputs(arguments):
        refuse_existing(name, overwrite=arguments.force)
    arguments.results = []
    arguments.learned = load_measures(
        arguments.measures,
        ModelOptions(
            clip=arguments.clip_model,
            lpips_net=arguments.lpips_net,
            arniqa_dataset=arguments.arniqa_data,
            fid_weights=arguments.fid_weights,
            device=arguments.device,
        ),
    )


def _outputs(arguments: Namespace) -> list[str]:
    folder = arguments.output
    inside = [] if folder is None else [str(folder / REPORT_NAME), str(folder / CSV_NAME)]
    return inside if arguments.csv is None else [*inside, arguments.csv]


def _measure_one(arguments: Namespace, index: int) -> int:
    """Measure one case, its errors printed; the exit status."""
    from refcodec.evaluation.evaluate import evaluate

    case = arguments.cases[index]

    def measure(name: str) -> None:
        originals = {result.case.original for result in arguments.results} | {case.original}
        is_shown = arguments.output is not None and len(originals) <= REPORT_MAX_PICTURES
        result = evaluate(case, arguments.learned, with_previews=is_shown)
        arguments.results.append(result)
        if not arguments.quiet:
            for note in result.notes:
                complain("semeval", f"{name}: {note}")

    return attempt("semeval", str(case.file), measure)


def _report(_: str, arguments: Namespace) -> None:
    from refcodec.evaluation.evaluate import means
    from refcodec.evaluation.report import to_html
    from refcodec.evaluation.table import parts_table, text_table, to_csv, to_json

    results = arguments.results
    averages = means(results, arguments.learned)
    as_csv = to_csv(results, averages).encode("utf-8", "surrogateescape")
    if arguments.output is not None:
        arguments.output.mkdir(parents=True, exist_ok=True)
        page = to_html(results, averages).encode()
        write_output(str(arguments.output / REPORT_NAME), page, overwrite=arguments.force)
        write_output(str(arguments.output / CSV_NAME), as_csv, overwrite=arguments.force)
    if arguments.csv is not None:
        write_output(arguments.csv, as_csv, overwrite=arguments.force)
    if arguments.json:
        print(json.dumps(to_json(results, averages)), file=standard_output())
    elif arguments.csv != STANDARD_STREAM:
        tables = f"{text_table(results, averages)}\n\n{parts_table(averages)}"
        print(visible(tables, keep="\n"), file=standard_output())
    standard_output().flush()
    if not arguments.quiet:
        for average in averages:
            for note in average.notes:
                complain("semeval", f"{average.name}: {note}")


def main() -> int:
    """Run the command; its exit status."""
    return run("semeval", parse_arguments, evaluate_all)
