"""The network's passes as released: the flip average, and clicks as whole or broken numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_fcfi.inference.contrast import Limits
from napari_fcfi.inference.field import Field
from napari_fcfi.inference.passes import Question
from napari_fcfi.inference.window import Window
from napari_fcfi.network.blocks import resize
from napari_fcfi.network.clicks import interaction_map

from .geometry import clicks_in, feedback_in, image_in
from .options import ReleasedOptions

if TYPE_CHECKING:
    from napari_fcfi.checkpoints import Model


class ReleasedAnswer(NamedTuple):
    """Probabilities and updated feedback M_u, each ``(1, 1, H, W)`` at the input's size, 0–1.

    ``quality`` is the IoU that the network expects, None without a head for it.
    """

    probabilities: Tensor
    updated_feedback: Tensor
    quality: float | None


def answer(
    model: Model,
    field: Field,
    limits: Limits,
    window: Window,
    asked: Question,
    options: ReleasedOptions,
    *,
    flip: bool,
) -> ReleasedAnswer:
    """The network's answer for a window; with ``flip`` averaged with that for its mirror image.

    Logits are averaged before the sigmoid, feedback as probabilities.
    """
    network = model.network
    image = image_in(window, field, limits).to(model.device)
    feedback = feedback_in(window, asked.feedback).to(model.device)
    logits, updated, qualities = [], [], []
    with torch.inference_mode():
        for mirrored in (False, True) if flip else (False,):
            clicks, new_clicks = clicks_of(window, asked, options, mirrored=mirrored)
            seen, given = (x.flip(-1) if mirrored else x for x in (image, feedback))
            # disks in double precision, which not every device has
            all_clicks = torch.from_numpy(clicks)[None]
            maps = interaction_map(all_clicks, window.size).to(model.device)
            entering = (maps, given) if network.encoding_uses_interaction else ()
            features = network.encode(seen.contiguous(memory_format=torch.channels_last), *entering)
            prediction = network.decode(
                features,
                all_clicks.float().to(model.device),
                maps,
                given,
                torch.from_numpy(new_clicks)[None].to(model.device),
                maps.new_full((1, 1, 1, 1), float(asked.feedback is not None)),
                asked.expansion_ratio,
            )
            large = resize(prediction.updated_feedback.float(), window.size)
            logits.append(_mirrored_back(prediction.logits.float(), mirrored))
            updated.append(_mirrored_back(large, mirrored))
            if prediction.quality is not None:
                qualities.append(float(prediction.quality))
    return ReleasedAnswer(
        torch.sigmoid(torch.stack(logits).mean(dim=0)),
        torch.stack(updated).mean(dim=0),
        sum(qualities) / len(qualities) if qualities else None,
    )


def clicks_of(
    window: Window, asked: Question, options: ReleasedOptions, *, mirrored: bool
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """All clicks, and the new ones as whole pixels: two ``(K, 3)`` of ``y, x, sign``.

    A click that lies outside along both axes, which only RITM's window allows, is an empty slot.
    """
    exact = options.clicks_ignore_corners
    clicks = clicks_in(window, asked.clicks, ignoring_corners=exact)
    new_clicks = clicks_in(window, asked.new_clicks, ignoring_corners=exact)
    if not options.mirror_is_truncated:
        new_clicks = np.trunc(new_clicks)
    if mirrored:
        for rows in (clicks, new_clicks):
            rows[:, 1] = window.size[1] - rows[:, 1] - 1
    clicks[clicks[:, :2].max(axis=1) < 0] = -1
    return clicks, np.trunc(new_clicks).astype(np.float32)


def _mirrored_back(values: Tensor, mirrored: bool) -> Tensor:
    return values.flip(-1) if mirrored else values
