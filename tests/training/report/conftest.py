"""One small evaluation on the sample set, with its report, for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from training import evaluate


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results and report of two methods in two click styles on three objects, four clicks each."""
    output = tmp_path_factory.mktemp("report")
    evaluate.main(
        [
            *("--checkpoint", "fcfi-lite", "--method", "grabcut"),
            *("--click-style", "central", "random"),
            *("--dataset", "sample", "--limit", "3", "--max-clicks", "4"),
            *("--data-root", str(output / "nothing-here"), "--output", str(output)),
        ]
    )
    return output


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """A data root in which there are no data."""
    return tmp_path / "nowhere"
