"""``python -m training.quality`` on a small folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from napari_fcfi.checkpoints import (
    Card,
    load_network,
    write_checkpoint,
)
from napari_fcfi.network import Architecture, PaperArchitecture, build_network
from training.quality.__main__ import main
from training.quality.collected import OBJECTS_A_PIECE


def written(path: Path, architecture: PaperArchitecture | None = None) -> Path:
    network = build_network(architecture or Architecture())
    card = Card(name="small", architecture=network.architecture, figures={"IoU@1": 0.9})
    write_checkpoint(path, network, card)
    return path


@pytest.mark.long
def test_the_head_alone_gets_other_weights(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = written(tmp_path / "before.safetensors"), tmp_path / "after.safetensors"
    main(str(before), after, folder, objects=OBJECTS_A_PIECE, device="cpu")
    old, new = load_network(before)[0].state_dict(), load_network(after)[0].state_dict()
    changed = {name for name in old if not torch.equal(old[name], new[name])}
    assert changed
    assert all(name.startswith("quality.layers.") for name in changed)
    card = load_network(after)[1]
    assert card.name == "after"
    assert "quality head on windows of 20 objects" in card.training
    assert card.data == (folder.name,)
    assert card.figures == {}  # they were the old head's
    assert after.with_suffix(".json").is_file()
    assert "before" in capsys.readouterr().out


def test_a_network_without_a_quality_head_is_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "paper.safetensors", PaperArchitecture(name="fcfi-hrnet18s-small"))
    with pytest.raises(SystemExit):
        main(str(path), tmp_path / "out.safetensors", folder, objects=OBJECTS_A_PIECE, device="cpu")
    assert "quality head" in capsys.readouterr().err
