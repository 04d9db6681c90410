"""``python -m training.quality CHECKPOINT OUTPUT``: fit a checkpoint's quality head anew."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from napari_fcfi.checkpoints import load_model, load_network
from napari_fcfi.network import FCFI
from training.data.option import DataRoot
from training.data.source import open_source
from training.evaluation.errors import UserError
from training.failures import TOLD, leave
from training.fingerprint import marks_of
from training.written import write_and_say

from .collected import OBJECTS_A_PIECE, collect
from .fit import fit, judgement
from .windows import WindowSource

HELD_OUT_SEED = 2


def main(
    checkpoint: Annotated[str, typer.Argument(help="Checkpoint whose answers are judged.")],
    output: Annotated[Path, typer.Argument(help="Checkpoint to write (.safetensors).")],
    data: Annotated[
        Path | None, typer.Option(help="A data set, or a folder of sets (docs/data.md).")
    ] = None,
    objects: Annotated[
        int, typer.Option(min=OBJECTS_A_PIECE, help="Objects to learn from.")
    ] = 4000,
    data_root: DataRoot = Path("../shared"),
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
) -> None:
    """Fit a checkpoint's quality head to the windows that the first click's search compares.

    Stop it at any time and call it again to go on: windows are kept beside the output.
    """
    try:
        network, card = load_network(checkpoint)
        if not isinstance(network, FCFI):
            raise UserError(
                f"Expected a network with a quality head; {checkpoint} is "
                f"{card.architecture.name}, which has none: choose a checkpoint of fcfi-lite."
            )
        model = load_model(checkpoint, device)
        pictures = open_source(data, root=data_root)
        marks = marks_of(pictures)
        kept = f"{model.sha256[:16]}-{marks.fingerprint[:16]}"
        folder = output.with_suffix(".windows") / kept
        held_out = collect(
            WindowSource(model, pictures, HELD_OUT_SEED), objects // 10, folder / "held-out"
        )
        windows = collect(WindowSource(model, pictures), objects, folder / "learnt")
        layers = network.quality.layers
        before = judgement(layers, held_out)
        fit(layers, windows)
        after = judgement(layers, held_out)
        history = f"its quality head on windows of {objects:,} objects"
        changes = {
            "name": output.stem,
            "training": f"{card.training}; {history}",
            "data": tuple(dict.fromkeys((*card.data, *marks.sets))),
            "figures": {},
        }
        card = card.model_copy(update=changes)
        print(
            f"IoU of the window that it chooses, for objects drawn anew: {after.chosen:.3f} "
            f"(before {before.chosen:.3f}, the best window {after.best:.3f})"
        )
        write_and_say(output, network, card)
    except TOLD as error:
        leave(error)
    except OSError as error:
        leave(
            f"Expected to write {output} and the windows beside it; got {error}: put that right "
            "and call the same command again."
        )
    except KeyboardInterrupt:
        sys.exit("stopped; the same command goes on")


if __name__ == "__main__":
    typer.run(main)
