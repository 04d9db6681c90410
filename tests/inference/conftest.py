"""Small pictures, and a model in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_fcfi.inference import Field, Predictor
from tests.inference.fake_network import FakeModel


@pytest.fixture
def model() -> FakeModel:
    """A model in closed form."""
    return FakeModel()


@pytest.fixture
def squares() -> NDArray[np.uint8]:
    """``(120, 160)``: a bright square, rows 30-59, columns 40-79, a grey one, 70-99, 100-139."""
    image = np.full((120, 160), 40, np.uint8)
    image[30:60, 40:80] = 220
    image[70:100, 100:140] = 130
    return image


@pytest.fixture
def field(squares: NDArray[np.uint8]) -> Field:
    """The squares as a field."""
    return Field.from_array(squares)


@pytest.fixture
def predictor(model: FakeModel) -> Predictor:
    """Of the model in closed form."""
    return Predictor(model)
