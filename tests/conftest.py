"""What every test may ask for: the folder of test data, and a fixed, printed seed."""

from __future__ import annotations

import os
import random
from pathlib import Path

# Before anything loads torch: waiting threads sleep, so that a busy machine stays usable.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

SEED = 20230618
CHECKOUT = Path(__file__).parents[1]

# Examples are the same in every run, and no example has a time limit: the machine may be busy.
settings.register_profile(
    "napari-fcfi",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("napari-fcfi")


def pytest_report_header() -> str:
    """The seed and the data folder, in the first lines of every run."""
    return f"seed: {SEED}, data: {_data_folder()}"


def _data_folder() -> Path:
    return Path(os.environ.get("NAPARI_FCFI_DATA", CHECKOUT.parent / "shared")).resolve()


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is long is slow."""
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def _fixed_seed() -> None:
    random.seed(SEED)
    np.random.seed(SEED)  # noqa: NPY002 - libraries draw from the global generator


@pytest.fixture
def rng() -> np.random.Generator:
    """A random generator that starts alike in every test."""
    return np.random.default_rng(SEED)


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder with `data/` and `reference/`; where it is absent, the test is skipped."""
    folder = _data_folder()
    if not (folder / "data").is_dir():
        pytest.skip(f"no test data in {folder} (set NAPARI_FCFI_DATA to the folder that has them)")
    return folder
