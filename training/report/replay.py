"""The clicks of a run once more, to see the masks that they led to and what was inside."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_fcfi.settings import Settings
from training.data.evaluation_sets import (
    Case,
    DataError,
    Sample,
    in_a_field_of_mirror_images,
)
from training.data.sample import find_sample_or_set
from training.data.validation import NAME as VALIDATION
from training.data.validation import validation_set
from training.evaluation import networks
from training.evaluation.courses import Clicker, Course, Method, Repairer
from training.evaluation.errors import UserError
from training.evaluation.finished import pixels_hash
from training.evaluation.methods import in_prediction, method_of

from .recorder import Inside, RecordingNetwork
from .runs import Scores

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Replayed:
    """One click of a course, made again.

    Attributes
    ----------
    mask
        ``(H, W)`` after it.
    inside
        What was inside the pass that answered; None for methods other than networks.
    seconds
        Time of the click, and of each part of the network in it.
    """

    mask: Mask
    inside: Inside | None
    seconds: Mapping[str, float]


CLICK = "click"
"""Name of the whole click's time in `Replayed.seconds`."""


class Replayer:
    """Makes a run's clicks on a data set again.

    Parameters
    ----------
    scores
        The run and the data set.
    data_root
        Where the data lie.

    Raises
    ------
    UserError, DataError
        When the method or the data cannot be had again.
    """

    def __init__(self, scores: Scores, data_root: Path) -> None:
        self._scores = scores
        self._samples = Samples(scores.dataset, data_root)
        self._network: RecordingNetwork | None = None
        self._flip = False
        self._method = self._recorded() if scores.run.is_network else self._plain()

    def sample(self, number: int) -> Sample:
        """The object of that number, as it was clicked on.

        Raises
        ------
        DataError
            When it cannot be read, or its pixels are no longer those that were measured.
        """
        name = self._scores.courses[number].name
        sample = self._samples.load(name)
        written = self._scores.run.written
        measured = written["datasets"][self._scores.dataset]["objects"][number].get("sha256")
        if measured is not None and pixels_hash(sample) != measured:
            raise DataError(
                f"Expected the pixels of {name} that were measured, found others; evaluate anew."
            )
        field = written["protocol"].get("mirror_field")
        return sample if field is None else in_a_field_of_mirror_images(sample, field)

    def clicks(self, number: int, count: int) -> list[Replayed]:
        """The first clicks on the object of that number.

        Raises
        ------
        DataError
            See `sample`.
        """
        course: Course = self._scores.courses[number]
        sample = self.sample(number)
        if self._network is not None:
            self._network.forget()
        clicker: Clicker = self._method(sample.image)
        if sample.initial_mask is not None and isinstance(clicker, Repairer):
            clicker.start_from(sample.initial_mask.copy())
        return [
            self._made(clicker, click.y, click.x, click.foreground)
            for click in course.clicks[:count]
        ]

    def _made(self, clicker: Clicker, y: float, x: float, foreground: bool) -> Replayed:
        if self._network is not None:
            self._network.recording.clear()
        began = time.perf_counter()
        mask = clicker.click(y, x, foreground).copy()
        seconds = {CLICK: time.perf_counter() - began}
        if self._network is None:
            return Replayed(mask, None, seconds)
        recording = self._network.recording
        # of an image and its mirror image, in this order, the last ones answered
        at = -2 if self._flip else -1
        inside = recording.passes[at] if len(recording.passes) >= -at else None
        return Replayed(mask, inside, seconds | dict(recording.seconds))

    def _plain(self) -> Method:
        return method_of(self._scores.run.written, self._scores.dataset)

    def _recorded(self) -> Method:
        written, dataset = self._scores.run.written, self._scores.dataset
        model = networks.loaded_as(written["loaded_from"], written["device"], written["sha256"])
        settings = Settings(**written["datasets"][dataset]["settings"])
        self._network = RecordingNetwork(model.network)
        self._flip = settings.flip
        whole = written["first_click"] == "whole-field"
        first: networks.FirstClick = "whole-field" if whole else "search"
        return networks.network_method(
            replace(model, network=self._network),
            settings,
            first,
            in_prediction(written["mended"]),
        )


class Samples:
    """Objects of a data set by their names in the results.

    Parameters
    ----------
    dataset
        Name of the set.
    data_root
        Where it lies.

    Raises
    ------
    DataError
        When the set is not there.
    """

    def __init__(self, dataset: str, data_root: Path) -> None:
        if dataset == VALIDATION:
            self._cases = {case.name: case for case in validation_set(data_root).cases}
            self._entries = {}
        else:
            self._cases = {}
            entries = find_sample_or_set(dataset, data_root).entries("val")
            self._entries = {entry.name: entry for entry in entries}

    def load(self, name: str) -> Sample:
        """The object of that name.

        Raises
        ------
        DataError
            When it is not in the set, or cannot be read.
        """
        if name in self._cases:
            return self._cases[name].load()
        entry, chosen = self._entries.get(name), "1"
        if entry is None:
            stem, _, chosen = name.rpartition(":")
            entry = self._entries.get(stem)
        if entry is None:
            raise DataError(
                f"Expected the object {name} in the data set, found none of that name; evaluate "
                "anew, or put the old data back."
            )
        return Case(name, entry, chosen).load()


def replayers(scores: Sequence[Scores], data_root: Path) -> tuple[dict[str, Replayer], list[str]]:
    """Replayers by the runs' labels, and a sentence for each that cannot be had.

    Parameters
    ----------
    scores
        Runs on one data set.
    data_root
        Where the data lie.
    """
    found: dict[str, Replayer] = {}
    missing = []
    for one in scores:
        try:
            found[one.run.label] = Replayer(one, data_root)
        except (UserError, DataError) as error:
            missing.append(f"{one.run.label} on {one.dataset}: {error}")
    return found, missing
