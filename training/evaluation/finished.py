"""Finished objects on disk, so that an evaluation that was killed goes on where it was.

Each process appends a line of JSON for every object and flushes it. A file belongs to one method
under one set of conditions on one data set: the fingerprint of all that is its name, and stands in
its first line. Another setting, another checkpoint, another version of a package or of this
project's code has another fingerprint, so figures of two evaluations never mix; neither do those
of two versions of an image, since each line holds the hash of its object's pixels.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from training.data.evaluation_sets import Sample
from training.evaluation.courses import Course
from training.evaluation.errors import UserError
from training.evaluation.plain import course_from, plain_course

FOLDER = "finished"


def fingerprint(identity: Mapping[str, Any]) -> str:
    """Hash of what the figures depend on; dictionaries in any order have the same."""
    text = json.dumps(identity, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def pixels_hash(sample: Sample) -> str:
    """Hash of a sample's image, object, ignored pixels and initial mask."""
    found = hashlib.sha256()
    for pixels in (sample.image, sample.object_mask, sample.ignore, sample.initial_mask):
        if pixels is not None:
            found.update(f"{pixels.dtype.str}{pixels.shape}".encode())
            found.update(np.ascontiguousarray(pixels).tobytes())
    return found.hexdigest()


class Finished:
    """Finished objects of one method on one data set.

    Parameters
    ----------
    folder
        The evaluation's output.
    dataset
        Name of the set, for people who look into the folder.
    identity
        All that the figures depend on, as JSON.
    rank
        Of the process that adds objects; each has a file of its own.
    """

    def __init__(
        self, folder: Path, dataset: str, identity: Mapping[str, Any], rank: int = 0
    ) -> None:
        self._folder = folder / FOLDER
        readable = re.sub(r"[^\w.-]", "_", dataset)
        self._stem = f"{readable}-{fingerprint(identity)[:16]}"
        self._identity = identity
        self._path = self._folder / f"{self._stem}.{rank}.jsonl"

    def courses(self) -> dict[tuple[str, str], Course]:
        """Courses by name and `pixels_hash` of their objects, whichever process added them."""
        found = {}
        for path in sorted(self._folder.glob(f"{self._stem}.*.jsonl")):
            for line in _whole_lines(path):
                if "name" in line:
                    found[line["name"], line["sha256"]] = course_from(line)
        return found

    def add(self, course: Course, sha256: str) -> None:
        """Append an object; once this returns, the object outlives a kill and a power cut.

        Raises
        ------
        UserError
            When the disk is full, or the folder cannot be written to.
        """
        try:
            self._append({**plain_course(course), "sha256": sha256})
        except OSError as error:
            raise UserError(
                f"Expected to write {self._path}, but the system said: {error.strerror}; put that "
                "right and give the same command again, it goes on with the objects that are "
                "finished."
            ) from error

    def _append(self, values: Mapping[str, Any]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        is_new = not self._path.exists()
        with self._path.open("a+b") as file:
            if is_new:
                file.write(_line({"fingerprint_of": dict(self._identity)}))
            elif not _ends_a_line(file):
                file.write(b"\n")  # what a kill cut off stays a line of its own, which is skipped
            file.write(_line(values))
            file.flush()
            os.fsync(file.fileno())


def _line(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, allow_nan=False).encode() + b"\n"


def _ends_a_line(file: Any) -> bool:
    end = file.seek(0, os.SEEK_END)
    if not end:
        return True
    file.seek(end - 1)
    return bool(file.read(1) == b"\n")


def _whole_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Lines that are JSON objects; those that a kill cut off are left out."""
    for text in path.read_bytes().split(b"\n"):
        try:
            found = json.loads(text)
        except ValueError:
            continue
        if isinstance(found, dict):
            yield found
