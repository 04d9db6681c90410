"""Courses as JSON and back; a measure that is not a number is ``null`` there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from training.evaluation.courses import Course, MeasuredClick, MeasuredMask


def plain_course(course: Course) -> dict[str, Any]:
    """A course as a dictionary for JSON."""
    found: dict[str, Any] = without_nan(asdict(course))
    return found


def course_from(values: Mapping[str, Any]) -> Course:
    """The course of such a dictionary; what else it holds is not looked at."""
    start = values["start"]
    return Course(
        values["name"],
        tuple(MeasuredClick(**_numbers(MeasuredClick, click)) for click in values["clicks"]),
        values["seconds"],
        None if start is None else MeasuredMask(**_numbers(MeasuredMask, start)),
    )


def _numbers(kind: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    found = {field.name: values[field.name] for field in fields(kind)}
    return {name: math.nan if value is None else value for name, value in found.items()}


def without_nan(value: Any) -> Any:
    """The same for JSON, with None for what is not a number (as a distance to an empty mask)."""
    if isinstance(value, Mapping):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
