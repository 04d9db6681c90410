"""Seconds until the package is imported and until a model is ready, each in a fresh process.

    python -m benchmarks.startup [--runs 7] [--checkpoint fcfi-lite]

The first run reads everything from the disk and is left out; the others are what a second start
of the program costs.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

IMPORT = "import napari_fcfi"
LOAD = "napari_fcfi.load_model({checkpoint!r}, device='cpu')"
PROGRAM = """\
import sys, time
start = time.perf_counter(); {first}; imported = time.perf_counter()
early = [name for name in ('torch', 'napari', 'qtpy', 'timm', 'skimage') if name in sys.modules]
{second}; loaded = time.perf_counter()
print(imported - start, loaded - imported, ','.join(early))
"""


def one_start(checkpoint: str) -> tuple[float, float, list[str]]:
    """Seconds of the import, seconds of `load_model`, and heavy packages that the import loaded."""
    program = PROGRAM.format(first=IMPORT, second=LOAD.format(checkpoint=checkpoint))
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    if finished.returncode:
        reason = finished.stderr.strip().splitlines()[-1]
        sys.exit(f"error: {checkpoint} could not be loaded: {reason}")
    imported, loaded, *early = finished.stdout.split()
    return float(imported), float(loaded), early[0].split(",") if early else []


def main() -> None:
    """Measure and print the medians."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--checkpoint", default="fcfi-lite")
    options = parser.parse_args()
    one_start(options.checkpoint)
    runs = [one_start(options.checkpoint) for _ in range(options.runs)]
    print(f"median of {options.runs} fresh processes, python {sys.version.split()[0]}")
    imports, loads, heavy = zip(*runs, strict=True)
    load = LOAD.format(checkpoint=options.checkpoint)
    for name, seconds in ((IMPORT, imports), (load, loads)):
        middle, worst = statistics.median(seconds), max(seconds)
        print(f"{name:<58} {middle:7.3f} s   (worst {worst:.3f} s)")
    print(f"heavy packages loaded by the import: {', '.join(heavy[0]) or 'none'}")


if __name__ == "__main__":
    main()
