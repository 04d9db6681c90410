"""What all simulated interactions share."""

from __future__ import annotations

import torch

from tests.training.test_losses import prediction
from training.forward import as_tensor, full_precision


def test_click_tables_keep_the_newest() -> None:
    clicks = [[(1.0, 2.0, 1.0), (3.0, 4.0, 0.0), (5.0, 6.0, 1.0)], []]
    assert as_tensor(clicks, 2).tolist() == [[[3, 4, 0], [5, 6, 1]], [[-1, -1, -1], [-1, -1, -1]]]


def test_what_autocast_shortened_is_float32_again_and_doubles_stay() -> None:
    short = prediction()
    short = type(short)(**{k: v if v is None else v.bfloat16() for k, v in vars(short).items()})
    for name, value in vars(full_precision(short)).items():
        assert value is None or value.dtype == torch.float32, name
    double = type(short)(**{k: v if v is None else v.double() for k, v in vars(short).items()})
    assert full_precision(double).logits.dtype == torch.float64
