"""Times a click with every network against the same network run plainly, and counts its GMAC.

    python -m benchmarks.networks

All in one thread. Plainly means: the network as it is built, eager, one image after the other, for
the picture and its mirror image. Ours is a click of the `Predictor` on the same picture, which
does the same two passes and all that turns a picture into tensors and an answer into a mask. Both
are timed in turn, so that the ratio means something on a machine with other work. The networks
have random weights; time does not depend on them.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from skimage import data
from skimage.transform import resize
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from napari_fcfi import Click, Field, Predictor, Settings, State
from napari_fcfi.checkpoints import untrained_model
from napari_fcfi.inference import submit
from napari_fcfi.inference.passes import Passes, Question
from napari_fcfi.inference.window import Window
from napari_fcfi.network import (
    AnyArchitecture,
    Architecture,
    Network,
    PaperArchitecture,
    build_network,
)
from napari_fcfi.network.architecture import SIZES
from napari_fcfi.network.clicks import interaction_map

WITHOUT_FEEDBACK = {"feedback": "none"}


@dataclass(frozen=True)
class Row:
    """One network: GMAC of a pass, medians in seconds, shares 0-1.

    ``again`` is a further click of ours in the same window. ``modules`` is what FFCM and CFFM add
    to the plain passes of a click, None where there are none; ``apart`` is the largest difference
    of the two ways' probabilities.
    """

    name: str
    gmac: float
    plain: float
    ours: float
    again: float
    convolutions: float
    modules: float | None
    apart: float


def architectures(names: list[str]) -> Iterator[AnyArchitecture]:
    """The networks of these names with the paper's options; all for no names."""
    known: list[AnyArchitecture] = [Architecture(), *(PaperArchitecture(name=n) for n in SIZES)]
    return (found for found in known if not names or found.name in names)


def plain_click(network: Network, image: NDArray[np.float32], at: tuple[int, int]) -> torch.Tensor:
    """Probabilities ``(H, W)`` of a first click, the mean logits of picture and mirror image."""
    size = (image.shape[-2], image.shape[-1])
    logits = []
    with torch.no_grad():
        for mirrored in (False, True):
            seen = torch.from_numpy(image)[None]
            x = size[1] - 1 - at[1] if mirrored else at[1]
            clicks = torch.tensor([[[at[0], x, 1.0]]])
            maps, feedback = interaction_map(clicks, size), torch.zeros(1, 1, *size)
            seen = seen.flip(-1) if mirrored else seen
            features = network.encode(seen, maps, feedback)
            gate = torch.zeros(1, 1, 1, 1)
            answer = network.decode(features, clicks, maps, feedback, clicks, gate).logits[0, 0]
            logits.append(answer.flip(-1) if mirrored else answer)
    return torch.sigmoid(torch.stack(logits).mean(dim=0))


def seconds(work: Callable[[], object]) -> float:
    """Processor time of one run in this thread, on which other programs hardly tell."""
    start = time.thread_time()
    work()
    return time.thread_time() - start


def convolution_share(work: Callable[[], object]) -> float:
    """Share of the time that is spent in convolutions, by torch's profiler."""
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        took = seconds(work)
    spent = sum(e.cpu_time_total for e in profiled.key_averages() if e.key == "aten::convolution")
    return spent / 1e6 / took


def measure(architecture: AnyArchitecture, size: int, rounds: int) -> Row:
    """Measure one network on a square picture of `size` px."""
    torch.set_num_threads(1)
    image = resize(data.astronaut(), (size, size), preserve_range=True).astype(np.uint8)
    planes = np.ascontiguousarray(image.transpose(2, 0, 1), dtype=np.float32) / 255
    at = (size // 3, size // 2)
    model = untrained_model(0, architecture=architecture)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = build_network(architecture).eval()
        bare = None
        if architecture.feedback == "ffcm+cffm":
            bare = build_network(architecture.model_copy(update=WITHOUT_FEEDBACK)).eval()
    # without zoom-in the first window is the picture, and the input as large as it
    settings = Settings(zoom_in=False, zoom_size=size)
    predictor = Predictor(model, settings)

    def ours() -> tuple[Field, State]:
        field = Field.from_array(image)
        return field, predictor(field, predictor.initial(), [Click(*at)])

    def plain() -> object:
        return plain_click(network, planes, at)

    with FlopCounterMode(display=False) as counter:
        plain()
    times: dict[str, list[float]] = {"plain": [], "ours": [], "again": [], "bare": []}
    for number in range(rounds + 1):
        taken = {"plain": seconds(plain), "ours": seconds(ours)}
        field, state = ours()
        taken["again"] = seconds(lambda: predictor(field, state, [Click(at[0] + 9, at[1])]))  # noqa: B023 - called at once
        if bare is not None:
            taken["bare"] = seconds(lambda: plain_click(bare, planes, at))
        for name, value in taken.items() if number else ():
            times[name].append(value)
    added = [whole - less for whole, less in zip(times["plain"], times["bare"], strict=False)]
    return Row(
        architecture.name,
        counter.get_total_flops() / 2 / 2 / 1e9,  # two operations a MAC, two passes
        statistics.median(times["plain"]),
        statistics.median(times["ours"]),
        statistics.median(times["again"]),
        convolution_share(ours),
        statistics.median(added) if added else None,
        _apart(Passes(model, 0), image, at, plain_click(network, planes, at)),
    )


def _apart(
    passes: Passes, image: NDArray[np.uint8], at: tuple[int, int], plainly: torch.Tensor
) -> float:
    field, click = Field.from_array(image), Click(*at)
    window = Window.of(field.box, image.shape[0])
    asked = Question((click,), (click,), None, Settings().expansion_ratio)
    answer = passes.answer(field, field.limits, window, asked, flip=True)
    return float(np.abs(answer.probabilities - plainly.numpy()).max())


def table(rows: list[Row]) -> str:
    """Markdown table of all rows."""
    lines = [
        "| network | GMAC | plain, ms | ours, ms | plain / ours | next click, ms "
        "| in convolutions | FFCM and CFFM, ms | apart |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        modules = "–" if row.modules is None else f"{1000 * row.modules:.0f}"
        lines.append(
            f"| `{row.name}` | {row.gmac:.1f} | {1000 * row.plain:.0f} | {1000 * row.ours:.0f} "
            f"| {row.plain / row.ours:.2f} | {1000 * row.again:.0f} "
            f"| {row.convolutions:.0%} | {modules} | {row.apart:.1e} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.networks")
    parser.add_argument("--network", nargs="+", default=[], help="names of networks; all if none")
    parser.add_argument("--size", type=int, default=384, help="side of picture and input, px")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rows = []
    for architecture in architectures(options.network):
        rows.append(submit(measure, architecture, options.size, options.rounds).result())
        print(f"{architecture.name}: done", flush=True)
    print(f"one thread, input {options.size} px, flip averaging, torch {torch.__version__}")
    print(table(rows))


if __name__ == "__main__":
    main()
