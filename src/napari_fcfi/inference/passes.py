"""Passes of the network over windows: numpy in, numpy out; flip average and feature cache."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_fcfi.network.clicks import interaction_map

from .click import Click
from .contrast import Limits
from .feature_cache import FeatureCache
from .field import Field
from .patch import Patch
from .window import Window

if TYPE_CHECKING:
    from napari_fcfi.checkpoints import Model


@dataclass(frozen=True)
class Question:
    """What the network is asked, apart from the window: one round of one object.

    Attributes
    ----------
    clicks, new_clicks : tuple of Click
        All clicks, and those of this round, oldest first.
    feedback : Patch or None
        The answer before; None in the first interaction.
    expansion_ratio : float
        r of FFCM.
    """

    clicks: tuple[Click, ...]
    new_clicks: tuple[Click, ...]
    feedback: Patch | None
    expansion_ratio: float


@dataclass(frozen=True, eq=False)
class Answer:
    """What the network says about a window.

    Attributes
    ----------
    probabilities : ndarray
        ``(H, W)`` float32 at the window's input size, 0–1.
    affinity : ndarray
        ``(H', W')`` float32, 0–1: to the newest click.
    quality : float or None
        IoU expected with the whole object, 0–1; None if the network has no such head.
    """

    probabilities: NDArray[np.float32]
    affinity: NDArray[np.float32]
    quality: float | None


class _Pixels:
    """The pixels of some windows of a field, read when they are first needed, and once."""

    def __init__(self, field: Field, limits: Limits, windows: tuple[Window, ...]) -> None:
        self.field, self.limits, self.windows = field, limits, windows

    @property
    def key(self) -> Hashable:
        """Equal for equal pixels."""
        return self.field.token, self.windows, self.limits

    @cached_property
    def images(self) -> NDArray[np.float32]:
        """``(N, 3, H, W)`` float32, 0–1."""
        return np.stack([window.image(self.field, self.limits) for window in self.windows])


class Passes:
    """A model that answers for windows of fields.

    Parameters
    ----------
    model : Model
        Network, device and hash.
    cache_bytes : int
        Memory for features of windows; used only where the encoding needs neither clicks nor
        feedback.
    """

    def __init__(self, model: Model, cache_bytes: int) -> None:
        self._model = model
        self.cache = FeatureCache(cache_bytes)

    @property
    def tell_quality(self) -> bool:
        """Whether answers have a quality."""
        return bool(self._model.network.tells_quality)

    def answer(
        self, field: Field, limits: Limits, window: Window, asked: Question, *, flip: bool
    ) -> Answer:
        """The answer for one window; with ``flip`` the logits' mean with its mirror image's.

        Two passes rather than a batch of two, which costs more than two passes on few cores.
        """
        pixels = _Pixels(field, limits, (window,))
        answers = [
            self._pass(pixels, asked, mirrored=mirrored)[0]
            for mirrored in ((False, True) if flip else (False,))
        ]
        logits = torch.stack([logits for logits, _, _ in answers]).mean(dim=0)
        qualities = [quality for _, _, quality in answers if quality is not None]
        quality = sum(qualities) / len(qualities) if qualities else None
        return _answer(logits, answers[0][1], quality)

    def answers(
        self, field: Field, limits: Limits, windows: Sequence[Window], asked: Question
    ) -> list[Answer]:
        """Answers for windows of one input size, in one batch, without flip and cache."""
        pixels = _Pixels(field, limits, tuple(windows))
        return [_answer(*found) for found in self._pass(pixels, asked, mirrored=False)]

    def _pass(
        self, pixels: _Pixels, asked: Question, *, mirrored: bool
    ) -> list[tuple[Tensor, Tensor, float | None]]:
        """Logits ``(H, W)``, affinity and quality of each window, mirrored back."""
        network, windows = self._model.network, pixels.windows
        with torch.inference_mode():
            clicks = self._clicks(windows, asked.clicks, mirrored)
            new_clicks = self._clicks(windows, asked.new_clicks, mirrored)
            maps = interaction_map(clicks, windows[0].size)
            feedback = self._feedback(windows, asked.feedback, mirrored)
            if network.encoding_uses_interaction:
                features = network.encode(self._image(pixels, mirrored), maps, feedback)
            else:
                features = self._features(pixels, mirrored)
            gate = maps.new_full((len(windows), 1, 1, 1), float(asked.feedback is not None))
            prediction = network.decode(
                features, clicks, maps, feedback, new_clicks, gate, asked.expansion_ratio
            )
            logits, affinity = prediction.logits[:, 0].float(), prediction.affinity[:, 0].float()
            if mirrored:
                logits, affinity = logits.flip(-1), affinity.flip(-1)
            qualities = _qualities(prediction.quality, len(windows))
            return list(zip(logits.cpu(), affinity.cpu(), qualities, strict=True))

    def _features(self, pixels: _Pixels, mirrored: bool) -> Any:
        def make() -> Any:
            return self._model.network.encode(self._image(pixels, mirrored))

        if len(pixels.windows) > 1:
            return make()
        parameter = next(self._model.network.parameters(), None)
        dtype = None if parameter is None else parameter.dtype
        return self.cache.get(
            (pixels.key, mirrored, self._model.sha256, dtype, self._model.device), make
        )

    def _image(self, pixels: _Pixels, mirrored: bool) -> Tensor:
        image = self._tensor(pixels.images, mirrored)
        return image.contiguous(memory_format=torch.channels_last)

    def _feedback(self, windows: Sequence[Window], patch: Patch | None, mirrored: bool) -> Tensor:
        if patch is None:
            return torch.zeros(len(windows), 1, *windows[0].size, device=self._model.device)
        maps = np.stack([window.feedback(patch)[None] for window in windows])
        return self._tensor(maps, mirrored)

    def _clicks(self, windows: Sequence[Window], clicks: Sequence[Click], mirrored: bool) -> Tensor:
        rows = [window.clicks(clicks) for window in windows]
        padded = np.full((len(rows), max(1, *map(len, rows)), 3), -1, dtype=np.float32)
        for window, target, found in zip(windows, padded, rows, strict=True):
            target[: len(found)] = found
            if mirrored:
                target[: len(found), 1] = window.size[1] - 1 - found[:, 1]
        return torch.from_numpy(padded).to(self._model.device)

    def _tensor(self, values: NDArray[np.float32], mirrored: bool) -> Tensor:
        values = values[..., ::-1] if mirrored else values
        return torch.from_numpy(np.ascontiguousarray(values)).to(self._model.device)


def _answer(logits: Tensor, affinity: Tensor, quality: float | None) -> Answer:
    return Answer(
        torch.sigmoid(logits).numpy(),
        affinity.numpy(),
        None if quality is None else float(quality),
    )


def _qualities(quality: Tensor | None, number: int) -> list[float | None]:
    return [None] * number if quality is None else quality.float().tolist()
