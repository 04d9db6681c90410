"""Sets in which each image has a mask file of the same name: in other folders, or beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from .codings import Coding, bright, coding_of, painted, trimap
from .entries import Annotation, Entry
from .files import DataError, pictures_in, plane_count, read_image

LABEL_ENDINGS = ("_labels", "-labels", ".labels", " labels", "_Labels")
"""Endings of the stem of a labels file beside its image."""


def paired(
    images: str, masks: str, coding: Coding | None = None, *, complete: bool = True
) -> Callable[[Path, str], list[Entry]]:
    """Reader of ``images/NAME.*`` and ``masks/NAME.*``.

    ``masks/NAME#001.png``, ``NAME#002.png`` ... all belong to ``images/NAME.*``. The planes of a
    TIFF with several are ``NAME[0]``, ``NAME[1]`` ...

    Parameters
    ----------
    images, masks
        Folders below the set's.
    coding
        Of the masks; None: what they show, see `coding_of`.
    complete
        Whether each image must have a mask, as in the published sets.
    """

    def read(folder: Path, part: str) -> list[Entry]:  # noqa: ARG001 - such sets have one part
        by_stem, files = _by_stem(folder / images), pictures_in(folder / masks)
        if complete and (alone := _unmasked(folder / images, folder / masks)):
            raise DataError(
                f"expected a mask named {alone[0].stem}.* for the image {alone[0]}, found none; "
                "add the mask or remove the image."
            )
        pairs = ((mask.stem, _image_of(mask, by_stem), mask) for mask in files)
        return _planes(pairs, coding or coding_of(files))

    return read


def berkeley(folder: Path, part: str) -> list[Entry]:
    """Berkeley's images and masks in the folders of f-BRS, or of RITM."""
    if (folder / "images-f-BRS").is_dir():
        return paired("images-f-BRS/test", "masks-f-BRS/test", trimap)(folder, part)
    return paired("images", "masks")(folder, part)


def folder_of_masks(folder: Path, part: str) -> list[Entry]:
    """``images/NAME.*`` and ``masks/NAME.*``, or the same with ``labels``."""
    return paired("images", _masks_of(folder), complete=False)(folder, part)


def unmasked_in_folder(folder: Path) -> list[Path]:
    """Images without a mask in what `folder_of_masks` reads."""
    return _unmasked(folder / "images", folder / _masks_of(folder))


def napari_labels(folder: Path, part: str) -> list[Entry]:  # noqa: ARG001 - one part
    """``NAME.*`` and, beside it, ``NAME_labels.*`` as napari saves a labels layer."""
    by_stem = _by_stem(folder)
    pairs = ((name, _image_of(path, by_stem, name), path) for name, path in _painted(folder))
    return _planes(pairs, painted)


def unmasked_beside_labels(folder: Path) -> list[Path]:
    """Images without labels in what `napari_labels` reads."""
    labelled = list(_painted(folder))
    names, files = {name for name, _ in labelled}, {path for _, path in labelled}
    return [p for p in pictures_in(folder) if p not in files and p.stem not in names]


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
    seen: dict[str, Path] = {}
    for name, image, mask in pairs:
        if name in seen:
            raise DataError(
                f"expected one mask of the name {name}, found {seen[name]} and {mask}; "
                "keep one of the two."
            )
        seen[name] = mask
        count = plane_count(mask, stack=True)
        # three or four planes of an image look like colours; its mask tells that they are not
        stack = plane_count(image) != count
        if plane_count(image, stack=stack) != count:
            raise DataError(
                f"expected as many planes in {image} as the {count} of {mask}, got "
                f"{plane_count(image)}; replace one of the two files."
            )
        for plane in range(count):
            shown = f"{name}[{plane}]" if count > 1 else name
            pixels = partial(read_image, image, plane, stack=stack)
            entries.append(Entry(shown, pixels, partial(coding, mask, plane), mask))
    return entries


def _masks_of(folder: Path) -> str:
    return "masks" if (folder / "masks").is_dir() else "labels"


def _by_stem(folder: Path) -> Mapping[str, list[Path]]:
    found = defaultdict(list)
    for path in pictures_in(folder):
        found[path.stem].append(path)
    return found


def _painted(folder: Path) -> Iterator[tuple[str, Path]]:
    """Name of the image of each labels file, and that file."""
    for path in pictures_in(folder):
        ending = next((e for e in LABEL_ENDINGS if path.stem.endswith(e)), None)
        if ending is not None:
            yield path.stem.removesuffix(ending), path


def _unmasked(images: Path, masks: Path) -> list[Path]:
    named = {_image_name(mask) for mask in pictures_in(masks)}
    return [image for image in pictures_in(images) if image.stem not in named]


def _image_name(mask: Path) -> str:
    return mask.stem.partition("#")[0]


def _image_of(mask: Path, images: Mapping[str, list[Path]], name: str = "") -> Path:
    stem = name or _image_name(mask)
    found = images.get(stem, [])
    if not found:
        raise DataError(
            f"expected an image named {stem}.* for the mask {mask}, found none; "
            "add the image or remove the mask."
        )
    if len(found) > 1:
        raise DataError(
            f"expected one image named {stem}.* for the mask {mask}, found "
            f"{' and '.join(str(path) for path in found)}; keep one of them."
        )
    return found[0]
