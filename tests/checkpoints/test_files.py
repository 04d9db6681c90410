"""Checkpoints: written and read again, and everything that may be wrong with a file."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from napari_fcfi.checkpoints import (
    Card,
    CheckpointError,
    available_models,
    load_model,
    untrained_model,
    write_checkpoint,
)
from napari_fcfi.checkpoints.files import CARD_KEY
from napari_fcfi.checkpoints.load import EMBEDDED, checkpoint_path


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "ours.safetensors"
    model = untrained_model(seed=3)
    write_checkpoint(path, model.network, Card(name="ours", terms="Do as you like."))
    return path


def test_a_written_checkpoint_is_read_with_its_card_and_hash(checkpoint: Path) -> None:
    model = load_model(checkpoint, device="cpu")
    assert (model.name, model.card.terms) == ("ours", "Do as you like.")
    assert len(model.sha256) == 64
    assert not model.network.training
    expected = untrained_model(seed=3).network.state_dict()
    for name, value in model.network.state_dict().items():
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, expected[name], atol=1e-3, rtol=1e-3)


def test_weights_are_stored_small_and_vectors_exactly(checkpoint: Path) -> None:
    stored = load_file(checkpoint)
    assert {v.dtype for v in stored.values() if v.ndim > 1} == {torch.float16}
    assert {v.dtype for v in stored.values() if v.ndim == 1} == {torch.float32}
    assert checkpoint.stat().st_size <= 12e6


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_others_may_read_a_written_checkpoint(checkpoint: Path) -> None:
    assert checkpoint.stat().st_mode & 0o777 == 0o644


def rewrite(path: Path, change: str) -> None:
    tensors = load_file(path)
    metadata = {CARD_KEY: Card(name="ours").model_dump_json()}
    first = next(iter(tensors))
    if change == "missing":
        del tensors[first]
    elif change == "unknown":
        tensors["surplus"] = torch.zeros(1)
    elif change == "shape":
        tensors[first] = torch.zeros(3)
    elif change == "foreign":
        metadata = {}
    elif change == "card":
        metadata = {CARD_KEY: '{"nam": "x"}'}
    save_file(tensors, path, metadata=metadata)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("missing", "lacks backbone"),
        ("unknown", "has unknown surplus"),
        ("shape", r"has backbone.* \(3,\) instead of"),
        ("foreign", "something else"),
        ("card", "update napari-fcfi"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_one_sentence(
    checkpoint: Path, change: str, words: str
) -> None:
    rewrite(checkpoint, change)
    with pytest.raises(CheckpointError, match=words) as caught:
        load_model(checkpoint, device="cpu")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("length", [0, 5, 400, 100_000])
def test_a_truncated_file_is_refused(checkpoint: Path, length: int) -> None:
    os.truncate(checkpoint, length)
    with pytest.raises(CheckpointError, match="damaged or of another kind"):
        load_model(checkpoint, device="cpu")


class Malicious:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch executed",)


def test_a_pickle_is_never_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("evil.pth", "evil.safetensors"):
        Path(name).write_bytes(pickle.dumps(Malicious()))
        with pytest.raises(CheckpointError):
            load_model(tmp_path / name, device="cpu")
    assert not Path("executed").exists()


def test_a_missing_file_and_a_wrong_name_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="does not exist"):
        load_model(tmp_path / "none.safetensors")
    with pytest.raises(CheckpointError, match="is a folder: choose a file in it"):
        load_model(tmp_path)
    with pytest.raises(CheckpointError, match="check the spelling"):
        load_model("no-such-model")


def test_an_unknown_device_is_refused(checkpoint: Path) -> None:
    with pytest.raises(ValueError, match="Expected auto, cpu, cuda or mps"):
        load_model(checkpoint, device="abacus")
    with pytest.raises(ValueError, match="Expected a device such as cuda"):
        load_model(checkpoint, device="cpu:abc")
    with pytest.raises(ValueError, match="Expected a device that is there; cpu:7 is not"):
        load_model(checkpoint, device="cpu:7")
    with pytest.raises(ValueError, match="Expected a device that is there; cuda:99 is not"):
        load_model(checkpoint, device="cuda:99")


def test_the_embedded_model_is_at_hand_with_its_terms() -> None:
    assert "fcfi-lite" in available_models()
    model = load_model("fcfi-lite", device="cpu")
    assert "non-commercial" in model.card.terms
    assert model.card.licence
    assert len(model.card.data) == 50
    assert model.card.training
    assert model.card.figures
    beside = json.loads((EMBEDDED / "fcfi-lite.json").read_text())
    assert beside.pop("sha256") == model.sha256
    assert Card.model_validate(beside) == model.card


def test_a_file_in_the_users_folder_is_found_by_name(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_fcfi.checkpoints.load.user_data_path", lambda _: tmp_path)
    folder = tmp_path / "models"
    folder.mkdir()
    checkpoint.rename(folder / "mine.safetensors")
    assert "mine" in available_models()
    assert load_model("mine", device="cpu").name == "ours"


def test_a_path_is_no_name(tmp_path: Path) -> None:
    asked = tmp_path / "model.pth"
    for path in (asked, tmp_path / "model.pth.safetensors"):
        path.touch()
    assert checkpoint_path(str(asked)) == asked


def test_two_untrained_models_of_one_seed_are_the_same() -> None:
    first, second = (untrained_model(seed=5).network.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.slow
def test_a_card_of_any_length_is_read(tmp_path: Path) -> None:
    """A safetensors file begins with a length, whose first byte is that of a pickle for some."""
    firsts = set()
    for length in range(0, 256, 8):
        path = tmp_path / f"{length}.safetensors"
        write_checkpoint(path, untrained_model().network, Card(name="m", summary="x" * length))
        firsts.add(path.read_bytes()[0])
        assert load_model(path, device="cpu").card.summary == "x" * length
    assert 0x80 in firsts


def test_a_checkpoint_that_cannot_be_written_is_one_sentence_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    target = tmp_path / "no" / "folder.safetensors"
    with pytest.raises(OSError, match=r"Expected to write the checkpoint .*make room") as caught:
        write_checkpoint(target, untrained_model().network, Card(name="ours"))
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_an_unknown_user_is_one_sentence() -> None:
    with pytest.raises(CheckpointError, match="whose user is not known here"):
        checkpoint_path("~nobody-of-this-name/model.safetensors")
