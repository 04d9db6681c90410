"""``fabric run scripts/train.py RECIPE``: `training.train` for launchers that want a file."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    runpy.run_module("training.train", run_name="__main__")
