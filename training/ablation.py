"""Tables 3-6 of the paper: which checkpoint fills which row, and how to train those that miss.

    python -m training.evaluate --ablation --checkpoint FOLDER --dataset berkeley davis --output DIR

A row of Tables 3, 4 and 6 needs a network that was trained without a part of the method, or with
another one in its place; the architecture on a checkpoint's card says which row that is. The rows
of Table 5 differ in the expansion ratio r alone, which is a setting, so that any checkpoint with
FFCM fills them all.

Table 6 is about CFFM alone: its last row is the row "+ CFF" of Table 3, and its first one the
baseline. The baseline of the HRNet networks is RITM, whose feedback enters with the clicks.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from napari_fcfi.settings import Settings
from training.evaluation.conditions import Conditions
from training.evaluation.errors import UserError
from training.evaluation.methods import Contender, network
from training.evaluation.networks import FirstClick
from training.recipes import Recipe, recipe, recipe_names

RATIOS = (0.1, 0.2, 0.3, 0.4, 0.5)
WHOLE = "ffcm+cffm"
SUFFIXES = {".safetensors", ".pth"}

METHOD = {"feedback": WHOLE, "similarity": "cosine", "residual": True, "gate": True}
"""What of an architecture the tables are about, in the whole method."""

FAMILIES = {
    "ritm-hrnet18": "fcfi-hrnet18",
    "ritm-hrnet18s": "fcfi-hrnet18s-small",
}
"""Network of the method that has the same backbone and head as a baseline's."""


@dataclass(frozen=True)
class AblationRow:
    """A row of one of the tables.

    Attributes
    ----------
    table
        Its number.
    label
        As it stands in the paper.
    parts
        Where its networks differ from the whole method, `METHOD`.
    ratio
        r of Table 5; None where it is the default.
    """

    table: int
    label: str
    parts: Mapping[str, Any] = field(default_factory=dict)
    ratio: float | None = None

    def is_filled_by(self, architecture: Mapping[str, Any], ratio: float) -> bool:
        """Whether a network of this architecture, used with this r, fills the row."""
        if ratio != (DEFAULT_RATIO if self.ratio is None else self.ratio):
            return False
        wanted = METHOD | dict(self.parts_of(family_of(architecture)))
        return all(architecture.get(key, METHOD[key]) == value for key, value in wanted.items())

    def parts_of(self, family: str) -> Mapping[str, Any]:
        """The row's parts for networks of a family; the baseline of HRNet has feedback as input."""
        if self.label == "Baseline" and "hrnet" in family:
            return {"feedback": "input"}
        return self.parts


DEFAULT_RATIO = float(Settings().expansion_ratio)

ROWS = (
    AblationRow(3, "Baseline", {"feedback": "none"}),
    AblationRow(3, "+ FFC", {"feedback": "ffcm"}),
    AblationRow(3, "+ CFF", {"feedback": "cffm"}),
    AblationRow(3, "+ FFC + CFF"),
    AblationRow(4, "Exponential", {"similarity": "exponential"}),
    AblationRow(4, "Cosine"),
    *(AblationRow(5, f"r = {ratio}", ratio=ratio) for ratio in RATIOS),
    AblationRow(6, "w/o feedback", {"feedback": "none"}),
    AblationRow(6, "Concat feedback with input", {"feedback": "input"}),
    AblationRow(6, "CFFM w/o residual connection", {"feedback": "cffm", "residual": False}),
    AblationRow(6, "CFFM w/o gate", {"feedback": "cffm", "gate": False}),
    AblationRow(6, "CFFM", {"feedback": "cffm"}),
)


def family_of(architecture: Mapping[str, Any]) -> str:
    """Networks that are compared with each other: one backbone and head."""
    name = str(architecture["name"])
    return FAMILIES.get(name, name)


def checkpoints_in(given: Iterable[str]) -> list[str]:
    """Checkpoints of a list of names, files and folders; a folder stands for all files in it.

    Raises
    ------
    UserError
        When a folder has no checkpoint in it.
    """
    found: list[str] = []
    for name in given:
        folder = Path(name).expanduser()
        if not folder.is_dir():
            found.append(name)
            continue
        files = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES)
        if not files:
            raise UserError(
                f"Expected checkpoints ({', '.join(sorted(SUFFIXES))}) in {folder}, found none; "
                "name the folder that has them, or the files."
            )
        found += [str(path) for path in files]
    return list(dict.fromkeys(found))


def contenders(
    given: Iterable[str],
    device: str,
    first_click: FirstClick,
    pairs: list[str],
    conditions: Conditions,
) -> list[Contender]:
    """The methods of an ablation: every checkpoint, and with some of them other values of r.

    Parameters
    ----------
    given
        Names, files and folders of checkpoints.
    device, first_click, pairs, conditions
        See `training.evaluation.methods.network`.

    Raises
    ------
    UserError
        When there is no checkpoint, or one cannot be loaded.
    """
    names = checkpoints_in(given)
    first = [network(name, device, first_click, pairs, conditions) for name in names]
    architectures = [one.identity["architecture"] for one in first]
    used = [float(one.identity["settings"]["expansion_ratio"]) for one in first]
    found = []
    for name, one, further in zip(names, first, further_ratios(architectures, used), strict=True):
        found.append(one)
        for ratio in further:
            added = [*pairs, f"expansion_ratio={ratio}"]
            found.append(network(name, device, first_click, added, conditions))
    return found


def further_ratios(
    architectures: Sequence[Mapping[str, Any]], used: Sequence[float]
) -> list[list[float]]:
    """Values of r at which each checkpoint is evaluated besides the one in use.

    That of all tables but the fifth; of the whole method, the first checkpoint in each family gets
    all those of Table 5.
    """
    served: set[str] = set()
    found: list[list[float]] = []
    for architecture, own in zip(architectures, used, strict=True):
        family = family_of(architecture)
        whole = all(architecture.get(key, value) == value for key, value in METHOD.items())
        wanted = whole and family not in served
        ratios = RATIOS if wanted else (DEFAULT_RATIO,)
        found.append([ratio for ratio in ratios if ratio != own])
        if wanted:
            served.add(family)
    return found


def training_command(row: AblationRow, family: str) -> str:
    """How a network for a row is trained; empty where there is no recipe for its family.

    A recipe of exactly that architecture is named alone; else the family's with the architecture
    exchanged, and with no loss on maps that the network does not make.
    """
    row = replace(row, ratio=None)
    wanted = dict(row.parts_of(family))
    recipes = [recipe(name) for name in recipe_names()]
    fitting = [
        one
        for one in recipes
        if family_of(one.architecture.model_dump()) == family
        and row.is_filled_by(one.architecture.model_dump(), DEFAULT_RATIO)
    ]
    best = _plainest(fitting)
    if best is not None:
        return f"python -m training.train {best.name}"
    base = _plainest(
        [
            one
            for one in recipes
            if one.architecture.name == family and one.architecture.feedback == WHOLE
        ]
    )
    if base is None:
        return ""
    given = base.architecture.model_dump(exclude_defaults=True)
    text = json.dumps({"name": family, **given, **wanted}, separators=(",", ":"))
    changes = [f"architecture={text}"]
    feedback = str(wanted.get("feedback", WHOLE))
    changes += ["refined_weight=0"] * ("ffcm" not in feedback)
    changes += ["updated_weight=0"] * ("cffm" not in feedback)
    words = " ".join(f"--set {shlex.quote(change)}" for change in changes)
    return f"python -m training.train {base.name} {words} --run RUN"


def _plainest(recipes: Sequence[Recipe]) -> Recipe | None:
    """The paper's recipe rather than the released programs' one."""
    ordered = sorted(recipes, key=lambda one: (one.interactions == "released", one.name))
    return ordered[0] if ordered else None
