"""Not a test: steps of a run, in one process or in one of a group; the first writes its losses.

Usage: steps_of_a_process.py PICTURES RECIPE OUTPUT
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from torch import nn

from napari_fcfi.network import Network, build_network
from training.batches import Batches
from training.data.source import open_source
from training.draws import users_of
from training.launch import leave_group, make_fabric
from training.learner import interactions
from training.loop import Run
from training.recipes import recipe

STEPS = 4


def calibrated(network: Network, batches: Batches) -> Network:
    """The network without dropout, its batch norms at the statistics of the first batch."""
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = 1.0
        if isinstance(part, nn.Dropout | nn.Dropout2d):
            part.p = 0.0
    chosen = batches.recipe
    with torch.no_grad():
        interactions(network, chosen)(batches.make(0), users_of(chosen, 0, 0, 1), 1)
    return network


def main(pictures: str, name: str, output: str) -> None:
    chosen = recipe(name).model_copy(
        update={
            "crop": (64, 96),
            "other_crops": (),
            "pictures": 4,
            "batch_statistics": "frozen",
            "precision": "32-true",
            # an untrained network makes much of rounding as soon as it takes long steps
            "learning_rate": 1e-5,
        }
    )
    torch.manual_seed(0)
    batches = Batches(open_source(Path(pictures)), chosen)
    network = calibrated(build_network(chosen.architecture), batches)
    fabric = make_fabric(chosen, "cpu")
    run = Run(chosen, Path(output).parent / "run", network, fabric=fabric)
    coming = batches.run(0, rank=fabric.global_rank, world=fabric.world_size)
    logged = [run.take_step(next(coming))[0] for _ in range(STEPS)]
    coming.close()
    if fabric.is_global_zero:
        Path(output).write_text(json.dumps({"world": fabric.world_size, "steps": logged}))
    leave_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
