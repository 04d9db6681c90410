"""Files of the authors of FCFI and RITM: recognised, read, converted; and all that may be wrong."""

from __future__ import annotations

import json
import os
import pickle
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from napari_fcfi.checkpoints import (
    CheckpointError,
    convert_checkpoint,
    inspect_checkpoint,
    load_model,
    load_network,
)
from napari_fcfi.checkpoints.known_files import FCFI_TERMS, RITM_TERMS, TRAINING_SETS, UNKNOWN_TERMS
from napari_fcfi.checkpoints.released import read_released
from napari_fcfi.inference import Interaction
from napari_fcfi.network import PaperArchitecture, released_architecture
from napari_fcfi.network.clicks import interaction_map
from napari_fcfi.settings import Settings
from tests.reference_weights import (
    REFERENCE,
    clicks_of_points,
    released_config,
    released_keys,
    released_network,
    write_released,
)

pytestmark = pytest.mark.slow

MODELS = sorted(path.name.removesuffix(".keys.json") for path in REFERENCE.glob("*.keys.json"))
SMALL = "fcfi_hrnet18s_small"
DOCS = Path(__file__).parents[2] / "docs" / "released-models.md"


def hollow(model: str) -> dict[str, Tensor]:
    """Tensors of the right names, shapes and types that take no room in a file."""
    return {
        name: torch.zeros(
            1, dtype=torch.int64 if name.endswith("tracked") else torch.float32
        ).expand(shape)
        if shape
        else torch.zeros((), dtype=torch.int64)
        for name, shape in released_keys(model).items()
    }


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("released") / "model_h18s.pth"
    write_released(path, SMALL)
    return path


@pytest.mark.parametrize("model", MODELS)
def test_every_released_model_is_recognised(model: str, tmp_path: Path) -> None:
    path = tmp_path / f"{model}.pth"
    write_released(path, model, hollow(model))
    card, weights, names = read_released(path)
    assert card.architecture == released_architecture(model.replace("_", "-"))
    assert card.name == model
    assert [names.theirs(name) for name in weights] == list(released_keys(model))
    # nobody knows who wrote a file of this name
    assert (card.licence, card.terms, card.data) == ("", UNKNOWN_TERMS, ())


def test_terms_are_told_of_files_that_are_named_as_published(tmp_path: Path) -> None:
    cards = []
    for name, model in (
        ("coco_lvis_h18s_itermask.pth", "ritm_hrnet18s"),
        ("model_h18s.pth", SMALL),
    ):
        write_released(tmp_path / name, model, hollow(model))
        cards.append(read_released(tmp_path / name)[0])
    assert [(card.licence, card.terms) for card in cards] == [("MIT", RITM_TERMS), ("", FCFI_TERMS)]


def test_a_tensor_under_two_names_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    twice = hollow(SMALL) | {"click_stem.reduce.weight": torch.zeros(16, 3, 1, 1)}
    write_released(path, SMALL, twice)
    with pytest.raises(CheckpointError, match="every tensor once"):
        read_released(path)


def test_the_baseline_without_previous_mask_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "coco_lvis_h18_baseline.pth"
    state = hollow("ritm_hrnet18") | {"maps_transform.0.weight": torch.zeros(16, 2, 1, 1)}
    config = released_config("ritm_hrnet18")
    config["params"]["with_prev_mask"]["value"] = False
    torch.save({"state_dict": state, "config": config}, path)
    network, card = load_network(path)
    assert card.architecture == PaperArchitecture(name="ritm-hrnet18", feedback="none")
    assert network.click_stem.reduce.weight.shape == (16, 2, 1, 1)
    assert card.data == ("COCO+LVIS",)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "old"])
@pytest.mark.parametrize("model", [SMALL, "ritm_hrnet18s"])
def test_a_loaded_model_gives_the_reference_answer(
    model: str, zipped: bool, tmp_path: Path
) -> None:
    path = tmp_path / "model.pth"
    write_released(path, model, zipped=zipped)
    loaded = load_model(path, device="cpu")
    assert not loaded.network.training
    assert len(loaded.sha256) == 64
    with np.load(REFERENCE / f"portable_{model}.npz") as stored:
        image = torch.from_numpy(stored["image"]).permute(2, 0, 1)[None].float() / 255
        clicks = clicks_of_points(stored["p2_points"])
        new = torch.from_numpy(stored["p2_new"].astype(np.float32))
        feedback = torch.from_numpy(stored["p2_prev"])
        expected = stored["p2_instances"]
    maps = interaction_map(clicks, (64, 96))
    with torch.inference_mode():
        features = loaded.network.encode(image, maps, feedback)
        prediction = loaded.network.decode(
            features, clicks, maps, feedback, new, torch.ones(1, 1, 1, 1)
        )
    np.testing.assert_allclose(prediction.logits, expected, rtol=0, atol=1e-4)


def test_weights_are_read_as_they_are(released: Path) -> None:
    network, _ = load_network(released)
    expected = released_network(SMALL).state_dict()
    for name, value in network.state_dict().items():
        assert torch.equal(value, expected[name])


def test_a_model_from_such_a_file_segments(released: Path) -> None:
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[12:36, 20:44] = 200
    interaction = Interaction(
        load_model(released, device="cpu"),
        picture,
        settings=Settings(zoom_in=False, flip=False, zoom_size=128),
    )
    first = interaction.click(24, 32)
    assert first[24, 32]
    second = interaction.click(2, 2, foreground=False)
    assert not second[2, 2]
    assert interaction.state.quality is None


def test_a_converted_file_gives_the_same_and_tells_where_it_comes_from(
    released: Path, tmp_path: Path
) -> None:
    target = tmp_path / "mine.safetensors"
    card, sha256 = convert_checkpoint(released, target)
    assert card.name == "mine"
    assert "state no licence" in card.terms
    original, _ = load_network(released)
    converted, again = load_network(target)
    assert again == card
    for name, value in original.state_dict().items():
        assert torch.equal(converted.state_dict()[name], value)
    beside = json.loads(target.with_suffix(".json").read_text(encoding="utf-8"))
    assert beside == card.model_dump(mode="json") | {"sha256": sha256}
    assert {path.name for path in tmp_path.iterdir()} == {"mine.safetensors", "mine.json"}
    assert load_model(target, device="cpu").sha256 == sha256


def test_inspecting_tells_architecture_size_and_hash(released: Path) -> None:
    found = inspect_checkpoint(released)
    assert found["architecture"]["name"] == "fcfi-hrnet18s-small"
    assert found["architecture"]["affinity_encoder"] is True
    assert found["parameters"] == 4_455_458
    assert found["bytes"] == released.stat().st_size
    assert len(found["sha256"]) == 64
    assert found["data"] == ["COCO+LVIS"]
    assert found["expansion_ratio"] == 0.3


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mine.pth", "ends in .safetensors"),
        ("taken.safetensors", "is there already"),
        ("none/mine.safetensors", "does not exist"),
    ],
)
def test_a_target_that_cannot_be_written_is_refused(
    released: Path, tmp_path: Path, name: str, words: str
) -> None:
    (tmp_path / "taken.safetensors").write_bytes(b"precious")
    with pytest.raises(CheckpointError, match=words):
        convert_checkpoint(released, tmp_path / name)
    assert (tmp_path / "taken.safetensors").read_bytes() == b"precious"
    assert len(list(tmp_path.iterdir())) == 1


# -------------------------------------------------------------------------- files that do not fit


def changed(change: Callable[[dict[str, Any]], Any], tmp_path: Path) -> Path:
    """A checkpoint whose content was changed before it was written."""
    content: Any = {"state_dict": hollow(SMALL), "config": released_config(SMALL)}
    other = change(content)
    torch.save(content if other is None else other, tmp_path / "changed.pth")
    return tmp_path / "changed.pth"


def without_a_tensor(content: dict[str, Any]) -> None:
    del content["state_dict"]["feature_extractor.cls_head.bias"]


def with_a_tensor_more(content: dict[str, Any]) -> None:
    content["state_dict"]["feature_extractor.surplus.weight"] = torch.zeros(1)


def with_another_shape(content: dict[str, Any]) -> None:
    content["state_dict"]["maps_transform.2.weight"] = torch.zeros(64, 16, 5, 5)


def with_text_for_a_tensor(content: dict[str, Any]) -> None:
    content["state_dict"]["maps_transform.3.scale"] = "large"


def with_compressed_rows(content: dict[str, Any]) -> None:
    with warnings.catch_warnings(action="ignore"):  # that such tensors are new
        content["state_dict"]["surplus"] = torch.eye(2).to_sparse_csr()


def with_parameter(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        content["config"]["params"].setdefault(name, {})["value"] = value

    return change


def of_class(name: str) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        content["config"]["class"] = f"isegm.model.somewhere.{name}"

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without_a_tensor, "lacks feature_extractor.cls_head.bias: choose"),
        (with_a_tensor_more, "has unknown feature_extractor.surplus.weight: choose"),
        (with_another_shape, r"has maps_transform.2.weight \(64, 16, 5, 5\) instead of \(64"),
        (with_text_for_a_tensor, "Expected numbers by name in state_dict"),
        (lambda content: [content, content], "a list of 2, one for each click"),
        (lambda content: content["state_dict"], "is of another project"),
        (lambda _: torch.zeros(3), "is of another project"),
        (lambda content: content | {"config": ["HRNetModel"]}, "a config with class and params"),
        (of_class("Transformer"), "holds Transformer"),
        (with_parameter("use_rgb_conv", True), "Expected use_rgb_conv = False"),
        (with_parameter("norm_radius", 260), "Expected norm_radius = 5"),
        (with_parameter("width", 44), "width 44, OCR 48"),
        (with_parameter("mid_ch", "many"), "values of another kind in mid_ch"),
        (with_parameter("mid_ch", 0), "values of another kind in feedback_channels"),
        (with_parameter("mid_ch", 32), "instead of"),
        (with_parameter("use_disks", torch.tensor([1, 1])), "Expected use_disks = True"),
        (with_parameter("expansion_ratio", 9.0), "values of another kind in expansion_ratio"),
        (with_compressed_rows, "Expected numbers by name in state_dict"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_one_sentence(
    change: Callable[[dict[str, Any]], Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(CheckpointError, match=words) as caught:
        load_model(changed(change, tmp_path), device="cpu")
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_the_ratio_that_a_file_was_trained_with_is_told(tmp_path: Path) -> None:
    def without_a_ratio(content: dict[str, Any]) -> None:
        del content["config"]["params"]["expansion_ratio"]

    # the authors' class has 2 where its caller names none
    for change, told in ((with_parameter("expansion_ratio", 0.5), 0.5), (without_a_ratio, 2.0)):
        assert read_released(changed(change, tmp_path))[0].expansion_ratio == told


def test_a_list_of_one_model_is_that_model(tmp_path: Path) -> None:
    path = changed(lambda content: [content], tmp_path)
    assert read_released(path)[0].architecture == released_architecture("fcfi-hrnet18s-small")


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.01, 0.5, 0.99])
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "old"])
def test_a_truncated_file_is_refused(tmp_path: Path, zipped: bool, share: float) -> None:
    path = tmp_path / "model.pth"
    write_released(path, "ritm_hrnet18s", zipped=zipped)
    os.truncate(path, int(path.stat().st_size * share))
    with pytest.raises(CheckpointError, match="Expected a whole PyTorch checkpoint") as caught:
        load_model(path, device="cpu")
    assert "\n" not in str(caught.value)


class Malicious:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch executed",)


@pytest.mark.parametrize("kind", ["plain pickle", "zip", "old"])
@pytest.mark.parametrize("name", ["model.pth", "model.safetensors", "model"])
def test_a_program_in_a_file_is_not_run(
    kind: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    content = {"state_dict": hollow(SMALL), "config": released_config(SMALL), "x": Malicious()}
    if kind == "plain pickle":
        Path(name).write_bytes(pickle.dumps(Malicious(), protocol=2))
    else:
        torch.save(content, name, _use_new_zipfile_serialization=kind == "zip")
    with pytest.raises(CheckpointError) as caught:
        load_model(tmp_path / name, device="cpu")
    assert "\n" not in str(caught.value)
    assert "could run as a program" in str(caught.value)
    assert not Path("executed").exists()


def test_pytorchs_advice_to_run_a_file_is_never_passed_on(tmp_path: Path) -> None:
    path = tmp_path / "notes.pth"
    path.write_text("no model at all", encoding="utf-8")
    with pytest.raises(CheckpointError) as caught:
        load_model(path, device="cpu")
    assert "weights_only" not in "".join(traceback.format_exception(caught.value))


def test_the_state_of_a_training_is_to_be_exported(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    torch.save({"recipe": "{}", "averaged": {}, "step": 1, "optimizer": {}}, path)
    with pytest.raises(CheckpointError, match=r"last\.pt is the state of a training: export it"):
        load_model(path, device="cpu")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"none\.pth does not exist"):
        load_model(tmp_path / "none.pth")


def test_the_page_on_released_models_names_every_known_file_and_its_data() -> None:
    page = DOCS.read_text(encoding="utf-8")
    for name, sets in TRAINING_SETS.items():
        row = next(line for line in page.splitlines() if f"`{name}`" in line)
        assert all(data in row for data in sets)
