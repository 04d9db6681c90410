"""Windows of an object side by side: what the quality head sees of each answer, and its IoU."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_fcfi.checkpoints import Model
from napari_fcfi.inference import Click, Field, Predictor, Window
from napari_fcfi.inference.contrast import Limits
from napari_fcfi.inference.passes import Answer, Passes, Question
from napari_fcfi.network import FCFI
from napari_fcfi.settings import Settings
from training.click_simulation import corrective_click, first_click
from training.data.entries import IGNORE
from training.data.evaluation_sets import Sample, in_a_field_of_mirror_images
from training.data.pictures import Picture
from training.data.source import PictureSource
from training.evaluation.robot_user import next_click
from training.recolour import recoloured
from training.targets import Generator, draw_picture

WINDOW_STREAM = 5
"""Keeps the draws apart from those of training (`training.draws`)."""
SMALLEST_OBJECT_PX = 60
CENTRAL_SHARE = 0.75
"""Share of the objects on which the first click is the robot user's."""
FURTHER_CLICKS = 2
FIELD_SHARE, FIELD_SIDES_PX, LARGEST_IN_FIELD_PX = 0.3, (1024, 1536, 2048), 40_000
"""Share of the smaller objects of microscopy that lie in a field of mirror images, and its side."""
CACHE_BYTES = 2**26


class Windows(NamedTuple):
    """Answers of some windows, in groups of which one may be chosen.

    ``described`` ``(n, D)`` float16, what the quality head sees of each (`described`); ``iou``
    ``(n,)`` float32, with the whole object; ``group`` ``(n,)`` int64.
    """

    described: NDArray[np.float16]
    iou: NDArray[np.float32]
    group: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Seen:
    """One answer: its window, what the quality head saw of it, ``(D,)``, and its probabilities."""

    window: Window
    described: NDArray[np.float16]
    probabilities: NDArray[np.float32]


class WatchedPasses(Passes):
    """Passes that remember what they answered since the last call of `taken`."""

    def __init__(self, model: Model) -> None:
        super().__init__(model, CACHE_BYTES)
        self._network = cast(FCFI, model.network)
        self._searched: list[Seen] = []
        self._answered: list[Seen] = []

    def answer(
        self, field: Field, limits: Limits, window: Window, asked: Question, *, flip: bool
    ) -> Answer:
        """See `Passes.answer`."""
        with described_by(self._network) as rows:
            answer = super().answer(field, limits, window, asked, flip=flip)
        self._answered.append(Seen(window, rows[0][0], answer.probabilities))
        return answer

    def answers(
        self, field: Field, limits: Limits, windows: Sequence[Window], asked: Question
    ) -> list[Answer]:
        """See `Passes.answers`."""
        with described_by(self._network) as rows:
            answers = super().answers(field, limits, windows, asked)
        for window, row, answer in zip(windows, rows[0], answers, strict=True):
            self._searched.append(Seen(window, row, answer.probabilities))
        return answers

    def taken(self) -> list[list[Seen]]:
        """The windows of a search, if there was one, and those that were answered in full."""
        groups = [group for group in (self._searched, self._answered) if group]
        self._searched, self._answered = [], []
        return groups


@contextmanager
def described_by(network: FCFI) -> Iterator[list[NDArray[np.float16]]]:
    """What enters the layers of a network's quality head meanwhile, pass by pass."""
    rows: list[NDArray[np.float16]] = []

    def keep(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        rows.append(inputs[0].cpu().numpy().astype(np.float16))

    handle = network.quality.layers.register_forward_pre_hook(keep)
    try:
        yield rows
    finally:
        handle.remove()


class WindowSource:
    """Windows of objects of a source, by the objects' numbers.

    Parameters
    ----------
    model : Model
        Whose answers are to be judged.
    source : PictureSource
        Pictures with objects.
    seed : int
        Of every draw, together with the object's number.
    """

    def __init__(self, model: Model, source: PictureSource, seed: int = 1) -> None:
        self._source = source
        self._seed = seed
        self._passes = WatchedPasses(model)
        self._predictor = Predictor(model, Settings(flip=False))
        self._predictor.passes = self._passes

    def of_object(self, number: int) -> Windows:
        """Windows of the object with this number.

        Those that the search of the first click looks at are one group, those that it answers in
        full the next, and each further click is one of its own.

        Raises
        ------
        DataError
            When a picture cannot be read.
        """
        rng = np.random.default_rng((self._seed, WINDOW_STREAM, number))
        sample = draw_sample(rng, self._source)
        field = Field.from_array(sample.image)
        target = np.where(sample.ignore, -1, sample.object_mask).astype(np.int8)
        click = _first(rng, sample, target)
        state = self._predictor.initial()
        groups: list[list[Seen]] = []
        for _ in range(1 + FURTHER_CLICKS):
            state = self._predictor(field, state, [click])
            groups += self._passes.taken()
            correction = corrective_click(rng, target, state.mask(field.box))
            if correction is None:
                break
            click = Click(correction[0], correction[1], foreground=bool(correction[2]))
        flat = [(at, seen) for at, group in enumerate(groups) for seen in group]
        return Windows(
            np.stack([seen.described for _, seen in flat]),
            np.array([window_iou(seen, sample) for _, seen in flat], np.float32),
            np.array([at for at, _ in flat], np.int64),
        )


def draw_sample(rng: Generator, source: PictureSource) -> Sample:
    """An object of a picture; of microscopy at times in a field that is much larger."""
    while True:
        picture = draw_picture(rng, source)
        objects = [o for o in picture.objects if o.area >= SMALLEST_OBJECT_PX and not o.stuff]
        if objects:
            break
    chosen = objects[int(rng.integers(len(objects)))]
    sample = Sample(
        picture.name,
        _recoloured(rng, picture),
        picture.labels[chosen.layer] == chosen.value,
        picture.labels[0] == IGNORE,
    )
    small = picture.microscopy and chosen.area < LARGEST_IN_FIELD_PX
    if small and rng.random() < FIELD_SHARE:
        return in_a_field_of_mirror_images(sample, int(rng.choice(FIELD_SIDES_PX)))
    return sample


def window_iou(seen: Seen, sample: Sample) -> float:
    """IoU of an answer with the whole object; what lies outside its window is missed."""
    box = seen.window.box
    counted = ~sample.ignore[box.slices]
    mask = (seen.window.spread(seen.probabilities, box, 1) > 0.5) & counted
    hit = int((mask & sample.object_mask[box.slices]).sum())
    wanted = int((sample.object_mask & ~sample.ignore).sum())
    return hit / max(1, wanted + int(mask.sum()) - hit)


def _recoloured(rng: Generator, picture: Picture) -> NDArray[np.uint8]:
    image = torch.from_numpy(picture.image.copy()).permute(2, 0, 1)
    changed = recoloured(rng, image, microscopy=picture.microscopy)
    pixels: NDArray[np.uint8] = changed.permute(1, 2, 0).contiguous().numpy()
    return pixels


def _first(rng: Generator, sample: Sample, target: NDArray[np.int8]) -> Click:
    empty = np.zeros_like(sample.object_mask)
    central = next_click(sample.object_mask, empty, ignore=sample.ignore)
    if central is not None and rng.random() < CENTRAL_SHARE:
        return Click(central.y, central.x, foreground=True)
    y, x, _ = first_click(rng, target)
    return Click(y, x, foreground=True)
