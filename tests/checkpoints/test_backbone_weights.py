"""Initial weights for a backbone from a file with timm's names."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from napari_fcfi.checkpoints import CheckpointError, read_backbone_weights
from napari_fcfi.network import Architecture, PaperArchitecture, build_network
from napari_fcfi.network.timm_beside_mesa import import_timm

SMALL = PaperArchitecture(name="ritm-hrnet18s")


@pytest.fixture(scope="module")
def timms() -> dict[str, Tensor]:
    torch.manual_seed(7)
    return import_timm().create_model("hrnet_w18_small_v2").state_dict()


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".bin"])
def test_weights_that_timm_saved_fill_the_backbone(
    timms: dict[str, Tensor], tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"hrnet{suffix}"
    save_file(timms, path) if suffix == ".safetensors" else torch.save(timms, path)
    weights = read_backbone_weights(path, SMALL)
    assert not any(name.startswith("classifier") for name in weights)
    body = build_network(SMALL, weights).backbone.body.state_dict()
    assert body
    for name, value in body.items():
        assert torch.equal(value, timms[name])


def test_older_files_lack_counters(timms: dict[str, Tensor], tmp_path: Path) -> None:
    older = {name: v for name, v in timms.items() if not name.endswith("num_batches_tracked")}
    torch.save(older, tmp_path / "older.pth")
    weights = read_backbone_weights(tmp_path / "older.pth", SMALL)
    assert torch.equal(weights["bn1.num_batches_tracked"], torch.tensor(0))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "variant"),
    [
        (PaperArchitecture(name="fcfi-resnet101"), "resnet101s"),
        (Architecture(), "tf_efficientnet_lite0"),
    ],
    ids=str,
)
def test_other_backbones_are_filled_too(
    architecture: PaperArchitecture | Architecture, variant: str, tmp_path: Path
) -> None:
    whole = import_timm().create_model(variant).state_dict()
    torch.save(whole, tmp_path / "weights.pth")
    weights = read_backbone_weights(tmp_path / "weights.pth", architecture)
    first = next(iter(weights))
    assert torch.equal(weights[first], whole[first])
    build_network(architecture, weights)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"conv1.weight": None}, "lacks conv1.weight: choose a file of this backbone"),
        ({"surplus": torch.zeros(1)}, "has unknown surplus"),
        ({"conv1.weight": torch.zeros(64, 3, 7, 7)}, r"has conv1.weight \(64, 3, 7, 7\) instead"),
    ],
)
def test_a_file_of_another_backbone_is_refused_in_one_sentence(
    timms: dict[str, Tensor], tmp_path: Path, change: dict[str, Tensor | None], words: str
) -> None:
    content = {name: v for name, v in (timms | change).items() if v is not None}
    torch.save(content, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match=words) as caught:
        read_backbone_weights(tmp_path / "other.pth", SMALL)
    assert "\n" not in str(caught.value)


def test_what_is_no_table_of_tensors_is_refused(tmp_path: Path) -> None:
    torch.save({"state_dict": {}, "epoch": 3}, tmp_path / "other.pth")
    (tmp_path / "broken.safetensors").write_bytes(b"12345")
    with pytest.raises(CheckpointError, match="as timm saves"):
        read_backbone_weights(tmp_path / "other.pth", SMALL)
    with pytest.raises(CheckpointError, match="damaged or of another kind"):
        read_backbone_weights(tmp_path / "broken.safetensors", SMALL)
    with pytest.raises(CheckpointError, match="does not exist"):
        read_backbone_weights(tmp_path / "none.pth", SMALL)
