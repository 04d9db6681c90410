"""Which set is meant: by its name below a data root, or by what lies in a folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path

from .entries import Entry
from .files import DataError
from .layouts import LAYOUTS, Layout, expected_tree

PLACES = ("", "eval", "data/eval", "train", "data/train", "data")
"""Where below the data root the sets may lie."""

SAMPLE_NAME, VALIDATION_NAME = "sample", "validation"
"""Names of sets that lie in no folder of their own."""


@dataclass(frozen=True)
class FoundSet:
    """A set that was found.

    Attributes
    ----------
    name
        Of its folder, or of the published set that it was asked for as.
    folder
        What its reader takes, at or below the set's folder.
    layout
        How it lies there.
    objects
        Number of objects of the published set of its name, of the validation part if it has one.
    """

    name: str
    folder: Path
    layout: Layout
    objects: int | None = None

    @property
    def own_parts(self) -> tuple[str, ...]:
        """Which of ``"train"`` and ``"val"`` it holds; none if it does not tell them apart."""
        return self.layout.own_parts(self.folder)

    def entries(self, part: str) -> list[Entry]:
        """Entries of a part, unread.

        Raises
        ------
        DataError
            When something is missing; the message shows the tree.
        """
        try:
            return self.layout.read(self.folder, part)
        except DataError as error:
            raise DataError(f"{error}\n{expected_tree(self.layout.kind)}") from error


def simplified(name: str) -> str:
    """Name without the differences that people do not mean: ``"DAVIS-585"`` is ``"davis585"``."""
    return "".join(c for c in name.lower() if c.isalnum())


def recognised(folder: Path, name: str = "") -> FoundSet | None:
    """The set in a folder, by what lies there; where that leaves a choice, by its name.

    Parameters
    ----------
    folder
        Of the set.
    name
        By which it is asked for; the folder's if empty.
    """
    folder = absolute(folder)
    asked = _asked_for(name or folder.name)
    objects = asked[0].objects if asked else None
    for layout in (*asked, *LAYOUTS):
        if (place := _place(folder, layout, named=layout in asked)) is not None:
            return FoundSet(folder.name, place, layout, objects)
    return None


def find_set(name: str, root: Path) -> FoundSet:
    """Set of that name below a data root.

    Parameters
    ----------
    name
        Of the set's folder or of a layout; case and punctuation do not count.
    root
        The folder which contains the sets, one of the folders above it, or the set itself.

    Raises
    ------
    DataError
        When there is no such set; the message shows the tree that is expected, or for a name
        that is nearly right the right one.
    """
    root = existing(root, f"the data set {name!r}")
    folders = [root]
    for parent in (root / place for place in PLACES):
        folders += sorted(parent.iterdir()) if parent.is_dir() else []
    asked = _asked_for(name)
    for folder in folders:
        if simplified(folder.name) == simplified(name) and (found := recognised(folder, name)):
            return replace(found, name=_shown(asked, folder))
    known = {other for layout in asked for other in (simplified(layout.kind), *layout.aliases)}
    for folder in [folder for folder in folders if simplified(folder.name) in known] + [root]:
        for layout in asked:
            if (place := _place(folder, layout, named=True)) is not None:
                return FoundSet(_shown(asked, folder), place, layout, asked[0].objects)
    if not asked and (meant := _meant(name, folders)):
        raise DataError(f"{name} is not known; did you mean {meant}?")
    raise DataError(
        f"expected the data set {name!r} below {root}, found none; "
        f"point to a folder like this:\n{expected_tree(asked[0].kind if asked else None)}"
    )


def absolute(folder: Path) -> Path:
    """The folder with a name, which ``.`` has not; links stay what they are."""
    return Path(os.path.abspath(folder))  # noqa: PTH100 - `resolve` would follow links


def existing(folder: Path, expected: str) -> Path:
    """The folder as `absolute` gives it, in which something is expected.

    Raises
    ------
    DataError
        When it does not exist.
    """
    if not folder.exists():
        raise DataError(
            f"expected {expected}, but {absolute(folder)} does not exist; name a folder that does "
            "(`python -m training.data layouts` shows what lies there)."
        )
    return absolute(folder)


def _meant(name: str, folders: Sequence[Path]) -> str | None:
    """The name nearest to one that is not known, of layouts and of the sets in some folders."""
    own = {simplified(path.name): path.name for path in folders if recognised(path)}
    kinds = (SAMPLE_NAME, VALIDATION_NAME, *(layout.kind for layout in LAYOUTS))
    known = own | {simplified(kind): kind for kind in kinds}
    near = get_close_matches(simplified(name), known, n=1, cutoff=0.75)
    return known[near[0]] if near else None


def _shown(asked: list[Layout], folder: Path) -> str:
    """Name of a set: of a published one always the same, of others their folder's."""
    return asked[0].kind if asked and asked[0].published else folder.name


def _asked_for(name: str) -> list[Layout]:
    """Layouts of that name, those which have it as their own first."""
    wanted = simplified(name)
    own = [layout for layout in LAYOUTS if simplified(layout.kind) == wanted]
    return own + [layout for layout in LAYOUTS if wanted in layout.aliases]


def _place(folder: Path, layout: Layout, *, named: bool) -> Path | None:
    """The folder at or below the set's that has the layout, whose name the set has or not."""
    places = [folder / below for below in layout.below] if folder.is_dir() else []
    choices = layout.parts + (layout.parts_by_name if named else ())
    return next((p for p in places if any(all(map(partial(_exists, p), c)) for c in choices)), None)


def _exists(folder: Path, pattern: str) -> bool:
    return any(True for _ in folder.glob(pattern))
