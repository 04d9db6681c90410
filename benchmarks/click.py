"""Seconds per click on one picture, by part, beside one plain pass of the same network.

    python -m benchmarks.click [--checkpoint fcfi-lite] [--rounds 15] [--settings KEY=VALUE ...]

Each round takes one object through its clicks and, in between, times plain passes (encode and
decode, one image of the input's size, nothing else), so that both meet the same load of the
machine. Three kinds of clicks are told apart:

first
    The first click on an object, which looks for the scale.
new window
    A later click whose window has not been seen before, so its features are computed.
same window
    A later click that needs the decoder only, if the network's encoding does not use clicks.

A click ends with the whole mask in the picture's size. Everything runs in the thread in which
predictions run, with its number of threads.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from skimage import data

from napari_fcfi import Box, Click, Field, Model, Predictor, Settings, State, submit
from napari_fcfi.checkpoints import load_model, untrained_model
from napari_fcfi.network.clicks import interaction_map
from training.evaluation.setting_texts import settings_from

KINDS = ("first", "new window", "same window")
SPREAD_PX = 60
"""Later clicks lie at most so far from the first."""


@dataclass
class Stopwatch:
    """Seconds spent in named parts since the last `lap`."""

    seconds: dict[str, float] = field(default_factory=dict)

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time counted under a name."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            result = function(*args, **kwargs)
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
            return result

        return timed

    def lap(self) -> dict[str, float]:
        """What was counted; the watch starts again at nothing."""
        seconds, self.seconds = self.seconds, {}
        return seconds


@contextmanager
def watched(network: Any, watch: Stopwatch) -> Iterator[None]:
    """The network with the time of `encode` and `decode` counted while the block runs."""
    for name in ("encode", "decode"):
        setattr(network, name, watch.around(name, getattr(network, name)))
    try:
        yield
    finally:
        for name in ("encode", "decode"):
            delattr(network, name)


def timed_click(
    predictor: Predictor, picture: Field, state: State, click: Click, watch: Stopwatch
) -> tuple[State, dict[str, float]]:
    """State after a click, and its seconds: in total, in the encoder, in the decoder, elsewhere."""
    watch.lap()
    start = time.perf_counter()
    state = predictor(picture, state, [click])
    state.mask(Box.of(picture.shape))
    total = time.perf_counter() - start
    parts = {"encode": 0.0, "decode": 0.0} | watch.lap()
    return state, {"total": total, **parts, "rest": total - sum(parts.values())}


def plain_pass(model: Model, size: int) -> float:
    """Seconds of one encoding and decoding of a square image with one click, without feedback."""
    network, device = model.network, model.device
    image = torch.rand(1, 3, size, size, device=device).contiguous(
        memory_format=torch.channels_last
    )
    clicks = torch.tensor([[[size / 2, size / 2, 1.0]]], device=device)
    feedback, gate = torch.zeros(1, 1, size, size, device=device), torch.zeros(1, 1, 1, 1)
    maps = interaction_map(clicks, (size, size))
    start = time.perf_counter()
    with torch.inference_mode():
        features = network.encode(image, maps, feedback)
        network.decode(features, clicks, maps, feedback, clicks, gate.to(device)).logits.cpu()
    return time.perf_counter() - start


def measure(
    model: Model, settings: Settings, rounds: int, clicks: int
) -> tuple[dict[str, list[dict[str, float]]], list[float]]:
    """Parts of every click by kind, and seconds of the plain passes; the first round is dropped."""
    image, random, watch = data.astronaut(), np.random.default_rng(0), Stopwatch()
    predictor = Predictor(model, settings)
    found: dict[str, list[dict[str, float]]] = {}
    plain: list[float] = []
    for number in range(rounds + 1):
        if number == 1:
            found, plain = {kind: [] for kind in KINDS}, []
        picture, state = Field.from_array(image), predictor.initial()
        y, x = random.integers(SPREAD_PX, min(image.shape[:2]) - SPREAD_PX, 2).tolist()
        click = Click(y, x)
        for count in range(clicks):
            unseen = Field.from_array(image)
            with watched(model.network, watch):
                if count:
                    _, parts = timed_click(predictor, unseen, state, click, watch)
                    found.setdefault("new window", []).append(parts)
                state, parts = timed_click(predictor, picture, state, click, watch)
            kind = "first" if not count else "new window" if parts["encode"] else "same window"
            found.setdefault(kind, []).append(parts)
            plain.append(plain_pass(model, settings.zoom_size))
            dy, dx = random.integers(-SPREAD_PX, SPREAD_PX + 1, 2).tolist()
            click = Click(y + dy, x + dx, foreground=bool(random.random() < 0.5))
    return found, plain


def report(found: dict[str, list[dict[str, float]]], plain: list[float]) -> str:
    """Table of medians in milliseconds, and the ratios that matter."""
    alone = statistics.median(plain)
    lines = [f"{'median, ms':<14}{'clicks':>7}{'total':>9}{'encode':>9}{'decode':>9}{'rest':>9}"]
    lines[0] += f"{'/ plain':>9}"
    totals = {}
    for kind, clicks in found.items():
        if not clicks:
            continue
        medians = [statistics.median(click[part] for click in clicks) for part in clicks[0]]
        totals[kind] = medians[0]
        cells = "".join(f"{1000 * seconds:9.1f}" for seconds in medians)
        lines.append(f"{kind:<14}{len(clicks):>7}{cells}{medians[0] / alone:9.2f}")
    lines.append(f"{'plain pass':<14}{len(plain):>7}{1000 * alone:9.1f}")
    if {"first", "new window"} <= totals.keys():
        ratio = totals["first"] / totals["new window"]
        lines.append(f"first click / click in a new window: {ratio:.2f}")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.click")
    parser.add_argument("--checkpoint", default="fcfi-lite", help="name or path of a model")
    parser.add_argument("--untrained", action="store_true", help="random weights instead")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=15, help="objects")
    parser.add_argument("--clicks", type=int, default=6, help="clicks on each object")
    parser.add_argument("--settings", nargs="+", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    settings = settings_from(options.settings)
    model = (
        untrained_model(0, options.device)
        if options.untrained
        else load_model(options.checkpoint, options.device)
    )
    found, plain = submit(measure, model, settings, options.rounds, options.clicks).result()
    threads = submit(torch.get_num_threads).result()
    height, width = data.astronaut().shape[:2]
    print(f"{model.name} on {model.device}, {threads} threads, torch {torch.__version__}")
    print(f"picture {height} x {width}, input {settings.zoom_size} px, flip {settings.flip}")
    print(report(found, plain))


if __name__ == "__main__":
    main()
