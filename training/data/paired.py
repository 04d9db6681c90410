"""Sets in which each image has a mask file of the same name: in other folders, or beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from .codings import Coding, bright, labels_or_trimap, painted
from .entries import Annotation, Entry
from .files import DataError, pictures_in, plane_count, read_image

LABEL_ENDINGS = ("_labels", "-labels", ".labels", " labels", "_Labels")
"""Endings of the stem of a labels file beside its image."""


def paired(images: str, masks: str, coding: Coding) -> Callable[[Path, str], list[Entry]]:
    """Reader of ``images/NAME.*`` and ``masks/NAME.*``.

    ``masks/NAME#001.png``, ``NAME#002.png`` ... all belong to ``images/NAME.*``. The planes of a
    TIFF with several are ``NAME[0]``, ``NAME[1]`` ...
    """

    def read(folder: Path, part: str) -> list[Entry]:  # noqa: ARG001 - such sets have one part
        by_stem = {path.stem: path for path in pictures_in(folder / images)}
        pairs = (
            (mask.stem, _image_of(mask, by_stem), mask) for mask in pictures_in(folder / masks)
        )
        return _planes(pairs, coding)

    return read


def folder_of_masks(folder: Path, part: str) -> list[Entry]:
    """``images/NAME.*`` and ``masks/NAME.*``, or the same with ``labels``."""
    masks = "masks" if (folder / "masks").is_dir() else "labels"
    return paired("images", masks, labels_or_trimap)(folder, part)


def napari_labels(folder: Path, part: str) -> list[Entry]:  # noqa: ARG001 - one part
    """``NAME.*`` and, beside it, ``NAME_labels.*`` as napari saves a labels layer."""
    by_stem = {path.stem: path for path in pictures_in(folder)}
    pairs = []
    for stem, path in by_stem.items():
        ending = next((e for e in LABEL_ENDINGS if stem.endswith(e)), None)
        if ending is not None:
            pairs.append((stem.removesuffix(ending), _image_of(path, by_stem, ending), path))
    return _planes(pairs, painted)


def davis585(initial: str | None) -> Callable[[Path, str], list[Entry]]:
    """Reader of ``SEQUENCE/FRAME.jpg``, ``X_FRAME.png`` and ``init_sp_X_FRAME.png``.

    Parameters
    ----------
    initial
        ``"sp"`` or ``"stm"``: the damaged masks from which each repair begins; None: without.
    """

    def read(folder: Path, part: str) -> list[Entry]:  # noqa: ARG001 - one part
        entries = []
        for mask in sorted(folder.glob("*/*_*.png")):
            if mask.stem.startswith("init_"):
                continue
            image = mask.with_name(f"{mask.stem.rpartition('_')[2]}.jpg")
            given = mask.with_name(f"init_{initial}_{mask.name}") if initial else None
            for path in (image, given):
                if path is not None and not path.is_file():
                    raise DataError(f"expected {path} for the mask {mask}, found none.")
            entries.append(
                Entry(
                    f"{mask.parent.name}/{mask.stem}",
                    partial(read_image, image),
                    partial(_with_initial, mask, given),
                    mask,
                )
            )
        return entries

    return read


def _with_initial(mask: Path, given: Path | None) -> Annotation:
    found = bright(mask, 0)
    if given is None:
        return found
    initial = bright(given, 0).layers[0] > 0
    if initial.shape != found.ignore.shape:
        raise DataError(
            f"expected an initial mask of {found.ignore.shape} pixels, got {initial.shape} "
            f"in {given}; replace that file."
        )
    return Annotation(found.layers, found.ignore, found.objects, initial_mask=initial)


def _planes(pairs: Iterable[tuple[str, Path, Path]], coding: Coding) -> list[Entry]:
    entries = []
    for name, image, mask in pairs:
        count = plane_count(mask)
        if plane_count(image) != count:
            raise DataError(
                f"expected as many planes in {image} as the {count} of {mask}, got "
                f"{plane_count(image)}; replace one of the two files."
            )
        for plane in range(count):
            shown = f"{name}[{plane}]" if count > 1 else name
            read = partial(coding, mask, plane)
            entries.append(Entry(shown, partial(read_image, image, plane), read, mask))
    return entries


def _image_of(mask: Path, images: dict[str, Path], ending: str = "") -> Path:
    stem = mask.stem.removesuffix(ending) if ending else mask.stem.partition("#")[0]
    try:
        return images[stem]
    except KeyError:
        raise DataError(
            f"expected an image named {stem}.* for the mask {mask}, found none; "
            "add the image or remove the mask."
        ) from None
