"""Changes of colour."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional as tv

from training import recolour
from training.recolour import (
    _turned_hue,
    looked_up,
    recoloured,
    recoloured_as_published,
    unchanged,
)

IMAGE = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 20, 30)).astype(np.uint8))


def test_the_table_that_changes_nothing_changes_nothing() -> None:
    assert torch.equal(looked_up(IMAGE, unchanged()), IMAGE)


def test_each_channel_has_its_own_table() -> None:
    table = unchanged()
    table[1] = 1 - table[1]
    table[2] = 7.0
    found = looked_up(IMAGE, table)
    assert torch.equal(found[0], IMAGE[0])
    assert torch.equal(found[1], 255 - IMAGE[1])
    assert (found[2] == 255).all()


@pytest.mark.parametrize("turn", [-0.06, 0.0, 0.05])
def test_hue_is_turned_as_torchvision_does(turn: float) -> None:
    smooth = tv.resize(IMAGE, [200, 300])
    expected = tv.adjust_hue(smooth, turn).int()
    assert (_turned_hue(smooth, turn).int() - expected).abs().float().mean() < 3


@pytest.mark.parametrize("microscopy", [False, True])
def test_colours_change_with_the_seed_only(microscopy: bool) -> None:
    made = [
        recoloured(np.random.default_rng(seed), IMAGE, microscopy=microscopy) for seed in range(50)
    ]
    again = recoloured(np.random.default_rng(7), IMAGE, microscopy=microscopy)
    assert torch.equal(made[7], again)
    assert all(image.shape == IMAGE.shape and image.dtype == torch.uint8 for image in made)
    assert len({image.numpy().tobytes() for image in made}) > 40


def test_hues_of_stained_tissue_vary_too(monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[float] = []
    monkeypatch.setattr(recolour, "_turned_hue", lambda image, turn: turns.append(turn) or image)
    for seed in range(50):
        recoloured(np.random.default_rng(seed), IMAGE, microscopy=True)
    assert min(turns) < 0 < max(turns)


def test_the_published_changes_keep_to_their_ranges() -> None:
    grey = torch.full((3, 4, 4), 100, dtype=torch.uint8)
    means = [
        recoloured_as_published(np.random.default_rng(seed), grey).float().mean(dim=(1, 2))
        for seed in range(300)
    ]
    low, high = 100 * 0.85 - 0.25 * 255 - 10, 100 * 1.4 + 0.25 * 255 + 10
    values = torch.stack(means)
    assert low - 1 <= values.min() < 40
    assert 170 < values.max() <= high + 1
    assert (values.amax(1) - values.amin(1)).max() <= 21
