"""A predictor without a network: the mask is made of squares around the clicks."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from napari_fcfi.inference import Box, Click
from napari_fcfi.settings import Settings

RADIUS = 6
"""Each foreground click of the fake makes a square of this half side, each background click cuts
one of half the size out."""

TIMEOUT_MS = 10_000


@dataclass(frozen=True)
class FakeState:
    """A state whose mask is made of squares around its clicks, the smaller the higher its threshold
    is."""

    settings: Settings
    shape: tuple[int, int] = (0, 0)
    clicks: tuple[Click, ...] = ()
    window: Box | None = None
    groups: tuple[tuple[Click, ...], ...] = ()
    drawn: tuple[tuple[int, Box, np.ndarray], ...] = ()
    """Values of boxes, each over as many clicks as there were; a mask to start from is one too."""

    @property
    def extent(self) -> Box:
        return Box.of(self.shape)

    def mask(self, box: Box) -> np.ndarray:
        full = np.zeros(self.shape, bool)
        radius = radius_at(self.settings.threshold)
        self._draw(full, 0)
        for count, click in enumerate(self.clicks, 1):
            side = square(click, self.shape, radius if click.foreground else radius // 2)
            full[side.slices] = click.foreground
            self._draw(full, count)
        return full[box.slices]

    def _draw(self, full: np.ndarray, clicks: int) -> None:
        for over, box, values in self.drawn:
            if over == clicks:
                full[box.slices] = values


def radius_at(threshold: float) -> int:
    """Half side of the squares; `RADIUS` at the threshold that comes with the settings."""
    return round(RADIUS * (1 - threshold) / (1 - Settings().threshold))


def square(click: Click, shape: tuple[int, int], half: int) -> Box:
    y, x = round(click.y), round(click.x)
    return Box(y - half, x - half, y + half + 1, x + half + 1).intersect(Box.of(shape))


class Gate:
    """Holds the predictions up, or lets all of them pass, or one alone."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._is_open, self._passes = True, 0

    def clear(self) -> None:
        with self._condition:
            self._is_open = False

    def set(self) -> None:
        with self._condition:
            self._is_open = True
            self._condition.notify_all()

    def let_one_pass(self) -> None:
        with self._condition:
            self._passes += 1
            self._condition.notify_all()

    def wait(self, limit_s: float) -> bool:
        with self._condition:
            if not self._condition.wait_for(lambda: self._is_open or self._passes > 0, limit_s):
                return False
            self._passes -= 0 if self._is_open else 1
            return True


@dataclass
class FakePredictor:
    """Answers at once, or when the test opens the gate."""

    model: Any = field(
        default_factory=lambda: SimpleNamespace(
            name="fake",
            device="cpu",
            card=SimpleNamespace(
                licence="LicenseRef-fake", terms="Terms of the fake.", data=("fake pictures",)
            ),
            sha256="f" * 64,
        )
    )
    gate: Gate = field(default_factory=Gate)
    calls: list[tuple[str, tuple[Click, ...]]] = field(default_factory=list)
    fields: list[Any] = field(default_factory=list)
    """The field of every call."""
    threads: list[threading.Thread] = field(default_factory=list)
    """In which a mask was taken over or edited."""
    problem: Exception | None = None
    window_half: int | None = None
    """Half side of the window around the newest click; None: the window is the whole field."""

    def _work(self, kind: str, *clicks: Click) -> None:
        self.calls.append((kind, clicks))
        assert self.gate.wait(TIMEOUT_MS / 1000), "the test never opened the gate"
        if self.problem is not None:
            raise self.problem

    def initial(self) -> FakeState:
        return FakeState(Settings())

    def __call__(
        self, field: Any, state: FakeState, clicks: Sequence[Click], *, scope: Any = None
    ) -> FakeState:
        self.fields.append(field)
        self._work("click", *clicks)
        return replace(
            state,
            shape=field.shape,
            clicks=(*state.clicks, *clicks),
            groups=(*state.groups, tuple(clicks)),
            window=self._window(field, clicks[-1]),
        )

    def _window(self, field: Any, click: Click) -> Box:
        if self.window_half is None:
            return field.box
        return square(click, field.shape, self.window_half)

    def start_from(self, field: Any, state: FakeState, mask: np.ndarray, *, box: Box) -> FakeState:
        self.threads.append(threading.current_thread())
        return replace(state, shape=field.shape, clicks=(), drawn=((0, box, mask),))

    def edit(self, field: Any, state: FakeState, box: Box, values: np.ndarray) -> FakeState:
        self.threads.append(threading.current_thread())
        return replace(state, drawn=(*state.drawn, (len(state.clicks), box, values)))

    def remove(self, field: Any, state: FakeState, click: Click, **_: Any) -> FakeState:
        self.fields.append(field)
        self._work("remove", click)
        left = list(state.clicks)
        left.remove(click)
        return replace(state, clicks=tuple(left), window=field.box)

    def move(self, field: Any, state: FakeState, old: Click, new: Click, **_: Any) -> FakeState:
        self.fields.append(field)
        self._work("move", old, new)
        moved = tuple(new if click == old else click for click in state.clicks)
        return replace(state, clicks=moved, window=field.box)

    def retune(self, state: FakeState, settings: Settings) -> FakeState:
        return replace(state, settings=settings)
