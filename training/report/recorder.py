"""A network that answers as another one does, and keeps what was inside each answer.

So pictures of feedback, affinity, M_r and M_u, and the time of each part, come from the very passes
by which the masks were made.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_fcfi.network import Network, Prediction

Map = NDArray[np.float32]

FFCM, CFFM, ENCODER, CLICKS, HEAD = (
    "FFCM, resampling",
    "CFFM",
    "encoder",
    "clicks into features",
    "head",
)
PARTS = {
    "backbone": ENCODER,
    "pyramid": ENCODER,
    "click_stem": ENCODER,
    "decoder": CLICKS,
    "project": FFCM,
    "affinity_encoder": FFCM,
    "cffm": CFFM,
    "concatenate": "concatenation",
    "head": HEAD,
    "quality": "quality head",
}
"""Part of the method to which each module of a network belongs."""


@dataclass(frozen=True, eq=False)
class Inside:
    """What was inside one pass over a window.

    Attributes
    ----------
    image
        ``(H, W, 3)``, 0-1, as the network saw it.
    feedback
        M_{t-1}, ``(H, W)``.
    affinity, refined, updated, box
        W, M_r, M_u and FFCM's box, ``(H', W')``, 0-1.
    answer
        M_t, ``(H, W)``, probabilities.
    new_clicks
        ``(K, 3)``: ``y, x, sign`` of this interaction's clicks, px of the window.
    """

    image: Map
    feedback: Map
    affinity: Map
    refined: Map
    updated: Map
    box: Map
    answer: Map
    new_clicks: Map


@dataclass(eq=False)
class Recording:
    """What a `RecordingNetwork` has kept since it was last emptied."""

    passes: list[Inside] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def clear(self) -> None:
        """Forget everything."""
        self.passes.clear()
        self.seconds.clear()


class RecordingNetwork(Network):
    """A network with a recording.

    Parameters
    ----------
    network
        The one that answers.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.architecture = network.architecture
        self.tells_quality = network.tells_quality
        self.recording = Recording()
        self._images: list[tuple[Any, Tensor]] = []

    @property
    def encoding_uses_interaction(self) -> bool:
        """As the network's."""
        return self.network.encoding_uses_interaction

    def encode(
        self,
        image: Tensor,
        interaction_map: Tensor | None = None,
        feedback: Tensor | None = None,
    ) -> Any:
        """Features of a window; see `Network.encode`."""
        with self._timed(ENCODER):
            features = self.network.encode(image, interaction_map, feedback)
        # features that depend on the image alone are used again, so their image is kept, too
        if self.encoding_uses_interaction:
            self._images.clear()
        self._images.append((features, image))
        return features

    def forget(self) -> None:
        """Drop everything that was kept of an object."""
        self.recording.clear()
        self._images.clear()

    def decode(
        self,
        features: Any,
        clicks: Tensor,
        interaction_map: Tensor,
        feedback: Tensor,
        new_clicks: Tensor,
        gate: Tensor,
        expansion_ratio: float = 0.3,
    ) -> Prediction:
        """Answer to the clicks; see `Network.decode`."""
        # what is in no module of its own: Eq. 1 to 3, and maps brought to other sizes
        with self._timed(FFCM):
            found = self.network.decode(
                features, clicks, interaction_map, feedback, new_clicks, gate, expansion_ratio
            )
        image = next(image for kept, image in reversed(self._images) if kept is features)
        if len(image) == 1:
            self.recording.passes.append(_inside(image, feedback, new_clicks, found))
        return found

    @contextmanager
    def _timed(self, rest: str) -> Iterator[None]:
        """Adds the time of the network's modules to their parts, and what is left to one."""
        inside, handles = 0.0, []
        began: dict[str, float] = {}
        seconds = self.recording.seconds

        def before(name: str) -> Any:
            def hook(_module: nn.Module, _inputs: Any) -> None:
                began[name] = self._now()

            return hook

        def after(name: str) -> Any:
            def hook(_module: nn.Module, _inputs: Any, _output: Any) -> None:
                nonlocal inside
                spent = self._now() - began[name]
                inside += spent
                seconds[PARTS.get(name, name)] += spent

            return hook

        for name, module in self.network.named_children():
            handles.append(module.register_forward_pre_hook(before(name)))
            handles.append(module.register_forward_hook(after(name)))
        start = self._now()
        try:
            yield
        finally:
            seconds[rest] += self._now() - start - inside
            for handle in handles:
                handle.remove()

    def _now(self) -> float:
        device = next(self.network.parameters()).device
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter()


def _inside(image: Tensor, feedback: Tensor, new_clicks: Tensor, found: Prediction) -> Inside:
    rows = _array(new_clicks[0])
    return Inside(
        _array(image[0].permute(1, 2, 0)),
        _array(feedback[0, 0]),
        _array(found.affinity[0, 0]),
        _array(found.refined_feedback[0, 0]),
        _array(found.updated_feedback[0, 0]),
        _array(found.box[0, 0]),
        _array(torch.sigmoid(found.logits[0, 0].float())),
        rows[rows[:, 2] >= 0],
    )


def _array(tensor: Tensor) -> Map:
    return np.array(tensor.detach().float().cpu().numpy())
