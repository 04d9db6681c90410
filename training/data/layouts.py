"""The table of layouts: how a set lies on disk, how it is recognised, what reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .coco import coco, coco_parts
from .coco_lvis import CONVERTED, PICKLE, coco_lvis
from .codings import bright, nonzero, trimap
from .entries import Entry
from .ome_zarr import ome_zarr, unlabelled_zarr
from .paired import (
    berkeley,
    davis585,
    folder_of_masks,
    napari_labels,
    paired,
    unmasked_beside_labels,
    unmasked_in_folder,
)
from .pascal import sbd, voc

PARTS = ("train", "val")


def no_parts(folder: Path) -> tuple[str, ...]:  # noqa: ARG001 - of any set
    """Parts of a set that is not divided."""
    return ()


def none_unmasked(folder: Path) -> list[Path]:  # noqa: ARG001 - of any set
    """Images without a mask where none is allowed."""
    return []


def parts_with(*files: str) -> Callable[[Path], tuple[str, ...]]:
    """The parts of which some file lies in a folder, given by patterns with ``{}`` for the part."""

    def parts(folder: Path) -> tuple[str, ...]:
        return tuple(p for p in PARTS if any((folder / f.format(p)).is_file() for f in files))

    return parts


@dataclass(frozen=True)
class Layout:
    """One way in which sets lie on disk.

    Attributes
    ----------
    kind
        Its name, by which a set of this layout can be asked for.
    parts
        Paths below the set's folder, patterns allowed; it has this layout if all of them exist,
        or all of another of these alternatives.
    parts_by_name
        Further alternatives, which other layouts have too, so that they count only for a set of
        this one's name.
    read
        Entries of the part ``"train"`` or ``"val"`` of the set in a folder, unread.
    tree
        How it looks, for messages.
    aliases
        Further names of the set and of its folder, `simplified`.
    below
        Folders that may lie between the set's and the layout's.
    own_parts
        Which of ``"train"`` and ``"val"`` a folder holds, where the layout says itself what is for
        training and what for validation.
    unmasked
        Images of a folder that have no mask, where that is allowed.
    objects
        Number of objects of the published set, of its validation part where it has one.
    least_filling
        Objects that cover a smaller share of their box are not trained on.
    published
        Whether it is that of one published set, which is then called by its kind everywhere.
    """

    kind: str
    parts: tuple[tuple[str, ...], ...]
    read: Callable[[Path, str], list[Entry]]
    tree: str
    parts_by_name: tuple[tuple[str, ...], ...] = ()
    aliases: tuple[str, ...] = ()
    below: tuple[str, ...] = ("",)
    own_parts: Callable[[Path], tuple[str, ...]] = no_parts
    unmasked: Callable[[Path], list[Path]] = none_unmasked
    objects: int | None = None
    least_filling: float = 0.0
    published: bool = True


def _davis585(kind: str, initial: str | None) -> Layout:
    return Layout(
        kind,
        (),
        davis585(initial),
        "SEQUENCE/FRAME.jpg, X_FRAME.png, init_sp_X_FRAME.png, init_stm_X_FRAME.png",
        parts_by_name=(("*/init_*.png",),),
        aliases=("davis585",),
        objects=585,
    )


# Of several layouts that a folder has the first counts, so the more particular ones come first.
LAYOUTS = (
    Layout(
        "grabcut",
        (("data_GT", "boundary_GT"),),
        paired("data_GT", "boundary_GT", trimap),
        "data_GT/NAME.*  boundary_GT/NAME.*",
        objects=50,
    ),
    Layout(
        "berkeley",
        (("images-f-BRS/test", "masks-f-BRS/test"),),
        berkeley,
        "images/NAME.*  masks/NAME.png, or both as images-f-BRS/test, masks-f-BRS/test",
        parts_by_name=(("images", "masks"),),
        objects=100,
    ),
    Layout(
        "coco_mval",
        (),
        paired("img", "gt", bright),
        "img/NAME.jpg  gt/NAME.png",
        parts_by_name=(("img", "gt"),),
        aliases=("mval",),
        objects=800,
    ),
    Layout(
        "davis",
        (("img", "gt"),),
        paired("img", "gt", nonzero),
        "img/NAME.jpg  gt/NAME.png",
        aliases=("davis345",),
        objects=345,
    ),
    _davis585("davis585", None),
    _davis585("davis585_sp", "sp"),
    _davis585("davis585_stm", "stm"),
    Layout(
        "sbd",
        (("img", "inst"),),
        sbd,
        "img/NAME.jpg  inst/NAME.mat  train.txt  val.txt",
        aliases=("benchmarkrelease",),
        below=("", "dataset", "benchmark_RELEASE/dataset"),
        own_parts=parts_with("{}.txt"),
        objects=6671,
        least_filling=0.08,
    ),
    Layout(
        "voc",
        (("JPEGImages", "SegmentationObject"),),
        voc,
        "JPEGImages/NAME.jpg  SegmentationObject/NAME.png  ImageSets/Segmentation/val.txt",
        aliases=("pascalvoc", "voc2012", "vocdevkit"),
        below=("", "VOC2012", "VOCdevkit/VOC2012"),
        own_parts=parts_with("ImageSets/Segmentation/{}.txt"),
    ),
    Layout(
        "coco_lvis",
        ((f"*/{PICKLE}",), (f"*/{CONVERTED}",)),
        coco_lvis,
        f"train/{PICKLE}  train/masks/ID.pickle  train/images/ID.jpg or "
        "train2017/ID.jpg; val alike",
        aliases=("lvis",),
        own_parts=parts_with(f"{{}}/{PICKLE}", f"{{}}/{CONVERTED}"),
    ),
    Layout(
        "folder",
        (("images", "masks"), ("images", "labels")),
        folder_of_masks,
        "images/NAME.*  masks/NAME.* or labels/NAME.* (NAME#001.png ... where objects overlap)",
        unmasked=unmasked_in_folder,
        published=False,
    ),
    Layout(
        "napari",
        (("*[-_. ][lL]abels.*",),),
        napari_labels,
        "NAME.*  NAME_labels.* beside it",
        unmasked=unmasked_beside_labels,
        published=False,
    ),
    Layout(
        "coco",
        (("annotations/*.json",), ("*.json", "images"), ("*.json", "*.jpg")),
        coco,
        "annotations/instances_val2017.json  val2017/NAME.jpg; train alike",
        own_parts=coco_parts,
    ),
    Layout(
        "ome_zarr",
        (("*.zarr/labels",), ("labels/.zattrs",), ("labels/zarr.json",)),
        ome_zarr,
        "NAME.zarr with NAME.zarr/labels, or one such image itself",
        unmasked=unlabelled_zarr,
        published=False,
    ),
)


def expected_tree(kind: str | None = None) -> str:
    """How a set of that kind lies below the data root; of all kinds if None."""
    rows = [
        (f"{layout.kind}/" if layout.published else "ANY_NAME/", layout.tree)
        for layout in LAYOUTS
        if kind in (None, layout.kind) or layout.kind == "folder"
    ]
    width = max(len(name) for name, _ in rows)
    return "DIR/\n" + "\n".join(f"  {name.ljust(width)}  {tree}" for name, tree in rows)
