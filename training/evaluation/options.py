"""The command line of the evaluation."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, get_args

from napari_fcfi.settings import Protocol
from training.data.evaluation_sets import SIZES
from training.evaluation.click_styles import ClickStyle
from training.evaluation.errors import UserError
from training.evaluation.methods import CLASSICAL_FACTORIES
from training.evaluation.networks import IN_PREDICTION, FirstClick
from training.evaluation.rules import DIFFERENCES

MENDABLE = (*IN_PREDICTION, *DIFFERENCES)
"""Differences of the released protocol that `--mend` takes back."""

DEFAULT_CHECKPOINT = "fcfi-lite"


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Command line of the evaluation.

    Raises
    ------
    UserError
        For an option that does not exist, or a value that is not possible.
    """
    parser = _Parser(
        prog="python -m training.evaluate",
        description="Robot user and standard metrics of click-based segmentation.",
    )
    default_root = os.environ.get("NAPARI_FCFI_DATA", "../shared")

    methods = parser.add_argument_group("methods (all that are named; without any, fcfi-lite)")
    methods.add_argument(
        "--checkpoint", nargs="+", default=[], metavar="MODEL", help="names or paths of models"
    )
    methods.add_argument(
        "--method",
        nargs="+",
        default=[],
        help=f"{', '.join(CLASSICAL_FACTORIES)}, or package.module:factory",
    )
    methods.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    methods.add_argument(
        "--first-click",
        choices=get_args(FirstClick),
        default="search",
        help="look for the object's scale, or take the whole image as the first window",
    )
    methods.add_argument(
        "--ablation",
        action="store_true",
        help="fill the rows of the paper's Tables 3-6 that the checkpoints (files, folders of "
        "files) are for, and tell how to train the others",
    )
    methods.add_argument(
        "--protocol",
        choices=get_args(Protocol),
        help="clean (the default), or as the authors' programs predict, click and measure; the "
        "same as --settings protocol=...",
    )
    methods.add_argument("--settings", nargs="+", default=[], metavar="KEY=VALUE")
    methods.add_argument(
        "--mend",
        nargs="+",
        default=[],
        choices=MENDABLE,
        metavar="DIFFERENCE",
        help="take these differences of the released protocol back: " + ", ".join(MENDABLE),
    )

    objects = parser.add_argument_group("objects")
    objects.add_argument("--dataset", nargs="+", required=True, help="names of the sets' folders")
    objects.add_argument("--data-root", type=Path, default=Path(default_root), metavar="DIR")
    objects.add_argument("--limit", type=_count, help="only the first objects of each set")
    objects.add_argument(
        "--objects",
        type=_sizes,
        metavar="all|" + ",".join(SIZES),
        help="which of each image (default: all; those three on sets named *_test)",
    )
    objects.add_argument(
        "--min-area",
        type=_count,
        metavar="PX",
        help="leave smaller objects out (default: 100 where --objects chooses, else 1)",
    )
    objects.add_argument("--mirror-field", type=_count, metavar="PX", help="field of mirror images")

    clicks = parser.add_argument_group("clicks")
    clicks.add_argument("--max-clicks", type=_count, default=20)
    clicks.add_argument("--stop-at", type=_share, help="leave an object at this IoU (NoC only)")
    clicks.add_argument(
        "--click-style",
        nargs="+",
        default=["central"],
        choices=get_args(ClickStyle),
        help="where in an error the robot user clicks; each style is a run of its own",
    )
    clicks.add_argument("--seed", type=_seed, default=0, help="of jittered and random clicks")

    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="folder of the results; it is gone on from"
    )
    parser.add_argument("--no-report", action="store_true", help="results without a report")
    return parser.parse_args(argv)


class _Parser(argparse.ArgumentParser):
    """A parser that leaves it to its caller, one process of many, to say what is wrong."""

    def error(self, message: str) -> NoReturn:
        """End the parsing."""
        raise UserError(f"{message.rstrip('.')}; --help lists all options.")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            f"Expected a whole number from 1, got {text!r}; give one, as 10."
        )
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(
            f"Expected a whole number from 0, got {text!r}; give one, as 7."
        )
    return int(text)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(
            f"Expected a number above 0 and up to 1, got {text!r}; give one, as 0.9."
        )
    return value


def _sizes(text: str) -> tuple[str, ...]:
    names = () if text == "all" else tuple(text.split(","))
    if not set(names) <= set(SIZES):
        raise argparse.ArgumentTypeError(
            f"Expected all, or some of {', '.join(SIZES)} with commas between, got {text!r}; "
            "give them, as largest,smallest."
        )
    return names
