"""The results folder, and methods that are made again from it."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_fcfi import Settings
from napari_fcfi.checkpoints import Card, untrained_model, write_checkpoint
from napari_fcfi.network import AnyArchitecture, Architecture, PaperArchitecture, build_network
from training.data.evaluation_sets import EvaluationSet, Sample
from training.evaluation import networks
from training.evaluation.conditions import Conditions
from training.evaluation.courses import ClickBudget, Course, MeasuredClick, MeasuredMask
from training.evaluation.errors import UserError
from training.evaluation.methods import (
    Contender,
    by_factory,
    method_of,
    network,
    with_names_of_their_own,
)
from training.evaluation.networks import identity_of
from training.evaluation.results import courses_of, described_run, read_runs, write_results
from training.evaluation.running import Job, Measured
from training.evaluation.setting_texts import settings_from
from training.evaluation.summary import summary

IOUS = {"a": (0.5, 0.4, 0.92), "b": (0.96,), "ü, c": ()}
CONDITIONS = Conditions(ClickBudget(5))


def courses() -> list[Course]:
    return [
        Course(
            name,
            tuple(MeasuredClick(1, 2, True, iou, iou / 2, math.nan, 0.25) for iou in ious),
            2.0,
            None if ious else MeasuredMask(1.0, 1.0, 0.0),
        )
        for name, ious in IOUS.items()
    ]


@pytest.fixture
def run_of_three(tmp_path: Path) -> Path:
    job = Job(by_factory("grabcut", settings_from([])), EvaluationSet("x", (None,) * 3), CONDITIONS)
    found = {number: Measured(course, str(number)) for number, course in enumerate(courses())}
    write_results(tmp_path, [described_run([job], [found], {"limit": 3}, 2, "run me")])
    return tmp_path


def test_results_come_back_with_their_courses(run_of_three: Path) -> None:
    (run,) = read_runs(run_of_three)
    assert repr(courses_of(run, "x")) == repr(courses())
    assert run["method"] == run["name"] == "grabcut"
    assert run["protocol"]["max_clicks"] == 5
    assert run["protocol"]["limit"] == 3
    assert run["machine"]["processes"] == 2
    assert run["command"] == "run me"
    assert len(run["versions"]["code"]) == len(run["datasets"]["x"]["sha256"]) == 64


def test_results_are_json_for_everybody_else_too(run_of_three: Path) -> None:
    text = (run_of_three / "results.json").read_text()
    found = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert found["datasets"]["x"]["objects"][0]["clicks"][0]["assd"] is None


def test_several_runs_are_a_list(run_of_three: Path) -> None:
    (run,) = read_runs(run_of_three)
    write_results(run_of_three, [run, run])
    assert len(read_runs(run_of_three)) == 2


@pytest.mark.slow
def test_the_table_of_objects_has_the_metrics_of_each(run_of_three: Path) -> None:
    with (run_of_three / "objects.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["object"] for row in rows] == list(IOUS)
    assert [row["NoC@90"] for row in rows] == ["3", "1", "0"]
    assert [row["reached@95"] for row in rows] == ["0", "1", "1"]
    assert [row["IoU@5"] for row in rows] == ["0.92", "0.96", "1.0"]
    assert [row["clicks_lowering_IoU"] for row in rows] == ["1", "0", "0"]
    assert rows[0]["seconds_of_clicks"] == "0.75"
    whole = summary(courses(), CONDITIONS.budget)
    assert np.mean([int(row["NoC@90"]) for row in rows]) == pytest.approx(whole["NoC@90"])


IMAGE = np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)


def clicked(run: dict[str, object]) -> NDArray[np.bool_]:
    return method_of(json.loads(json.dumps(run)))(IMAGE).click(20, 20, True)


@pytest.mark.parametrize("protocol", ["clean", "released"])
def test_a_network_is_made_again_from_its_run(protocol: str) -> None:
    conditions = Conditions(protocol=protocol)
    pairs = [f"protocol={protocol}", "zoom_size=128"]
    contender = network("fcfi-lite", "cpu", "search", pairs, conditions)
    run = {**contender.identity, "mended": []}
    assert (clicked(run) == contender.method("x")(IMAGE).click(20, 20, True)).all()


@pytest.mark.slow
def test_a_classical_method_is_made_again_from_its_run() -> None:
    contender = by_factory("grabcut", settings_from([]))
    found = clicked(dict(contender.identity))
    assert (found == contender.method("x")(IMAGE).click(20, 20, True)).all()


def test_a_checkpoint_that_changed_is_not_taken_for_the_old_one() -> None:
    identity = network("fcfi-lite", "cpu", "search", [], CONDITIONS).identity
    with pytest.raises(UserError, match="Expected the checkpoint with the hash 000000000000"):
        clicked({**identity, "sha256": "0" * 64, "mended": []})


@pytest.mark.parametrize(
    ("architecture", "zoom_in", "told"),
    [
        (Architecture(), True, "search"),
        (Architecture(), False, "whole-field"),
        (PaperArchitecture(name="fcfi-hrnet18s-small"), True, "whole-field"),
    ],
)
def test_a_first_click_that_does_not_search_is_told_so(
    architecture: AnyArchitecture, zoom_in: bool, told: str
) -> None:
    model = untrained_model(architecture=architecture)
    settings = Settings(zoom_in=zoom_in)
    assert identity_of(model, "x", settings, "search")["first_click"] == told


def test_a_network_predicts_with_the_ratio_that_it_was_trained_with(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    write_checkpoint(path, untrained_model().network, Card(name="mine", expansion_ratio=0.5))

    def ratio(*pairs: str) -> float:
        contender = network(str(path), "cpu", "search", list(pairs), CONDITIONS)
        used = contender.settings("x").expansion_ratio
        assert contender.identity["settings"]["expansion_ratio"] == used
        return used

    assert ratio() == 0.5
    assert ratio("expansion_ratio=0.2") == 0.2


def test_a_network_starts_from_a_mask() -> None:
    initial = np.zeros((40, 50), bool)
    initial[5:30, 5:30] = True
    object_mask = np.zeros_like(initial)
    object_mask[5:30, 5:40] = True
    sample = Sample("x", IMAGE, object_mask, np.zeros_like(initial), initial)
    for first_click in ("search", "whole-field"):
        method = network("fcfi-lite", "cpu", first_click, [], CONDITIONS).method("x")
        found = CONDITIONS.measure(method, sample)
        assert found.start is not None
        assert found.start.iou == pytest.approx(25 * 25 / (25 * 35))
        assert found.clicks[0].x >= 30


def test_a_checkpoint_that_was_exchanged_meanwhile_does_not_answer_for_the_old_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "mine.safetensors"
    for name in ("old", "new"):
        write_checkpoint(path, build_network(Architecture()), Card(name=name))
        networks.loaded.cache_clear()
        if name == "old":
            found = network(str(path), "cpu", "search", [], CONDITIONS)
            found.method("x")
    with pytest.raises(UserError, match=r"put the old file back"):
        found.method("x")


def test_only_the_last_model_is_kept() -> None:
    assert networks.loaded.cache_info().maxsize == 1


def contender(path: str, ratio: float) -> Contender:
    settings = {"expansion_ratio": ratio, "flip": True}
    identity = {"loaded_from": path, "settings": settings}
    return Contender("final", identity, settings_from, lambda _: lambda image: None)


def test_methods_named_alike_are_told_apart() -> None:
    def names(*contenders: Contender) -> list[str]:
        return [one.name for one in with_names_of_their_own(contenders)]

    assert names(contender("a/final.safetensors", 0.3)) == ["final"]
    found = names(contender("a/final.safetensors", 0.3), contender("b/final.safetensors", 0.3))
    assert found == ["a/final.safetensors", "b/final.safetensors"]
    found = names(contender("a/final.safetensors", 0.3), contender("a/final.safetensors", 0.1))
    assert found == ["final", "final, expansion_ratio=0.1"]
