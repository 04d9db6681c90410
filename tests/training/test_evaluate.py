"""The evaluation, with methods whose masks are known beforehand."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from napari_fcfi.settings import Settings
from training import evaluate
from training.evaluation import networks
from training.evaluation.courses import Method
from training.evaluation.methods import CLASSICAL_FACTORIES, method_of
from training.evaluation.results import courses_of, read_runs

OBJECT = np.zeros((10, 12), bool)
OBJECT[2:7, 3:9] = True


class RowByRow:
    """Finds one more row of the object with each click."""

    def __init__(self) -> None:
        self.rows = 0

    def click(self, y: float, x: float, foreground: bool = True) -> NDArray[np.bool_]:
        self.rows += 1
        mask = OBJECT.copy()
        mask[2 + self.rows :] = False
        return mask


def main(command: list[str]) -> None:
    """The command without its report, which has tests of its own."""
    evaluate.main([*command, "--no-report"])


@pytest.fixture(autouse=True)
def nothing_loaded() -> None:
    """No model of another test is at hand."""
    networks.loaded.cache_clear()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        (tmp_path / name / "images").mkdir(parents=True)
        (tmp_path / name / "masks").mkdir()
        for number in range(3):
            image = np.where(OBJECT, 200, 40).astype(np.uint8)
            Image.fromarray(image).save(tmp_path / name / "images" / f"{number}.png")
            Image.fromarray(OBJECT.astype(np.uint8)).save(tmp_path / name / f"masks/{number}.png")
    return tmp_path


@pytest.fixture
def row_by_row(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The network replaced by a method known beforehand; the arguments it was made with."""
    made: list[dict[str, Any]] = []

    def fake(model: Any, settings: Settings, first_click: str, mended: list[str]) -> Method:
        made.append({"settings": settings, "first_click": first_click, "mended": mended})
        return lambda image: RowByRow()

    monkeypatch.setattr(networks, "network_method", fake)
    monkeypatch.setattr(networks, "loaded", named)
    return made


def named(checkpoint: str, device: str) -> Any:
    """A model of which only its name counts."""
    architecture = SimpleNamespace(name=checkpoint, model_dump=lambda: {"name": checkpoint})
    return SimpleNamespace(
        name=checkpoint,
        sha256="0" * 64,
        device=device,
        network=SimpleNamespace(architecture=architecture, tells_quality=True),
        card=SimpleNamespace(data=("SBD",), expansion_ratio=None),
    )


def test_the_command_writes_every_click_and_what_is_needed_to_repeat_it(
    root: Path, row_by_row: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    output = root / "results"
    command = (
        f"--dataset one two --data-root {root} --limit 2 --output {output} "
        "--settings flip=false zoom_size=256"
    )
    main(command.split())
    results = json.loads((output / "results.json").read_text())
    assert list(results["datasets"]) == ["one", "two"]
    assert results["datasets"]["one"]["metrics"]["NoC@90"] == 5
    objects = results["datasets"]["one"]["objects"]
    assert [found["name"] for found in objects] == ["0", "1"]
    assert objects[0]["clicks"][0]["iou"] == pytest.approx(0.2)
    assert row_by_row[0]["settings"] == Settings(flip=False, zoom_size=256)
    assert row_by_row[0]["first_click"] == "search"
    assert results["sha256"] == "0" * 64
    assert results["trained_on"] == ["SBD"]
    assert results["command"] == f"python -m training.evaluate {command} --no-report"
    assert datetime.fromisoformat(results["date"]).tzinfo is not None
    assert "commit" in results
    assert "numpy" in results["versions"]
    assert "| one" in capsys.readouterr().out


def refused(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What a command says that cannot be done."""
    with pytest.raises(SystemExit) as left:
        main(command.split())
    assert left.value.code == 1
    return capsys.readouterr().err


@pytest.mark.parametrize("pair", ["flip", "flop=1", "threshold=2"])
def test_a_wrong_setting_is_one_clear_sentence(
    root: Path, row_by_row: list[dict[str, Any]], pair: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(f"--dataset one --data-root {root} --settings {pair}", capsys)
    assert re.fullmatch(r"error: Expected .*(write key=value|the settings are .*)\.\n", said)
    assert not row_by_row


@pytest.mark.parametrize("wrong", ["--limit 0", "--max-clicks x", "--stop-at 1.5", "--stop-at a"])
def test_a_wrong_number_is_refused(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(f"--dataset one {wrong}", capsys)
    assert re.fullmatch(rf"error: argument --.*: Expected .*, got '{wrong.split()[1]}'; .*\n", said)


def test_a_checkpoint_that_is_not_there_is_one_clear_sentence(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = f"--dataset one --data-root {root} --checkpoint {root}/nothing.safetensors"
    assert re.match(r"error: .*nothing\.safetensors", refused(command, capsys))


def test_missing_data_end_with_the_expected_tree(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(f"--dataset three --data-root {root}", capsys)
    assert said.lower().startswith("error: expected the data set 'three'")
    assert "grabcut/" in said


def test_a_mirror_field_is_what_the_method_sees(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes = []

    class Nothing:
        def __init__(self, image: NDArray[Any]) -> None:
            shapes.append(image.shape)
            self._shape = image.shape

        def click(self, y: float, x: float, foreground: bool = True) -> NDArray[np.bool_]:
            return np.zeros(self._shape, bool)

    monkeypatch.setattr(networks, "network_method", lambda *_: Nothing)
    monkeypatch.setattr(networks, "loaded", named)
    main(f"--dataset one --data-root {root} --limit 1 --mirror-field 32 --max-clicks 2".split())
    assert shapes == [(32, 32)]


def test_only_the_first_click_takes_the_whole_field() -> None:
    zoom_in = []

    class Watched:
        settings = Settings(zoom_in=False)

        def click(self, y: float, x: float, foreground: bool = True) -> NDArray[np.bool_]:
            zoom_in.append(self.settings.zoom_in)
            return OBJECT

    clicker = networks.WholeFieldFirst(Watched(), Settings())
    for _ in range(3):
        clicker.click(1, 1)
    assert zoom_in == [False, True, True]


@pytest.mark.parametrize("protocol", ["clean", "released"])
@pytest.mark.parametrize("first_click", ["search", "whole-field"])
def test_a_network_goes_the_whole_way(
    root: Path, monkeypatch: pytest.MonkeyPatch, first_click: str, protocol: str
) -> None:
    from napari_fcfi import checkpoints

    model = checkpoints.untrained_model(seed=0)
    monkeypatch.setattr(checkpoints, "load_model", lambda name, device: model)
    output = root / "results"
    main(
        f"--dataset one --data-root {root} --limit 1 --max-clicks 3 --output {output} "
        f"--settings zoom_size=128 protocol={protocol} --first-click {first_click}".split()
    )
    results = json.loads((output / "results.json").read_text())
    assert results["sha256"] == model.sha256
    assert results["first_click"] == (first_click if protocol == "clean" else "whole-field")
    assert results["settings"]["zoom_size"] == 128
    assert len(results["datasets"]["one"]["objects"][0]["clicks"]) == 3


def test_the_released_protocol_takes_the_window_tuned_for_the_data_set(
    root: Path, row_by_row: list[dict[str, Any]]
) -> None:
    (root / "one").rename(root / "GrabCut")
    main(
        f"--dataset grabcut two --data-root {root} --limit 1 --checkpoint fcfi-hrnet18s "
        f"--output {root} --settings protocol=released flip=false".split()
    )
    grabcut, two = (made["settings"] for made in row_by_row)
    assert (grabcut.zoom_size, grabcut.zoom_margin) == (700, 3.0)
    assert (two.zoom_size, two.zoom_margin, two.threshold) == (400, 1.4, 0.49)
    assert not grabcut.flip
    found = json.loads((root / "results.json").read_text())["datasets"]["grabcut"]
    assert found["settings"]["zoom_size"] == 700
    assert len(found["objects"][0]["clicks"]) == 20  # perfect after five


def test_named_settings_win_over_tuned_ones(root: Path, row_by_row: list[dict[str, Any]]) -> None:
    (root / "one").rename(root / "davis")
    command = f"--dataset davis --data-root {root} --limit 1 --checkpoint ritm-hrnet18"
    main(f"{command} --settings protocol=released zoom_margin=2".split())
    main(f"{command} --settings protocol=released --mend tunes_windows".split())
    main(f"{command} --settings zoom_margin=2".split())
    used = [made["settings"] for made in row_by_row]
    assert [(s.zoom_size, s.zoom_margin) for s in used] == [(600, 2.0), (400, 1.4), (320, 2.0)]


def test_single_differences_can_be_taken_back(root: Path, row_by_row: list[dict[str, Any]]) -> None:
    main(
        f"--dataset one --data-root {root} --limit 1 --output {root} --settings protocol=released "
        "--mend next_click clears_outside".split()
    )
    assert row_by_row[0]["mended"] == ["clears_outside"]
    results = json.loads((root / "results.json").read_text())
    assert results["mended"] == ["next_click", "clears_outside"]
    assert len(results["datasets"]["one"]["objects"][0]["clicks"]) == 5


def test_the_clean_protocol_has_nothing_to_mend(
    root: Path, row_by_row: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert "add --protocol released" in refused(
        f"--dataset one --data-root {root} --mend iou", capsys
    )


def test_the_protocol_has_an_option_of_its_own(
    root: Path, row_by_row: list[dict[str, Any]]
) -> None:
    command = f"--dataset one --data-root {root} --limit 1 --output {root}"
    identities = []
    for written in (
        "--protocol released --mend iou",
        "--settings protocol=released --mend iou",
        "--protocol released --settings protocol=released --mend iou",
    ):
        main([*command.split(), *written.split()])
        (run,) = read_runs(root)
        identities.append((run["settings"], run["mended"], run["datasets"]["one"]["settings"]))
    assert identities[0] == identities[1] == identities[2]
    assert identities[0][0]["protocol"] == "released"
    assert len(list((root / "finished").iterdir())) == 1


def test_two_protocols_are_one_too_many(
    root: Path, row_by_row: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    both = "--protocol released --settings flip=false protocol=clean"
    said = refused(f"--dataset one --data-root {root} {both}", capsys)
    assert said == (
        "error: Expected one protocol, got --protocol released and --settings protocol=clean; "
        "leave one of them out.\n"
    )
    assert not row_by_row


def test_a_set_of_another_number_of_objects_than_published_is_said_once_and_kept(
    root: Path, row_by_row: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    for old, new in (("images", "img"), ("masks", "gt")):
        (root / "one" / old).rename(root / "one" / new)
    (root / "one").rename(root / "davis")
    command = f"--dataset davis two --data-root {root} --output {root} --click-style central random"
    main(command.split())
    said = capsys.readouterr().err
    assert said.count("warning: Expected the 345 objects") == 1
    assert "davis was published, got 3" in said
    for run in read_runs(root):
        expected = {name: found["expected_objects"] for name, found in run["datasets"].items()}
        assert expected == {"davis": 345, "two": None}
    main([*command.split(), "--limit", "2"])  # asked for, so no surprise
    assert "warning" not in capsys.readouterr().err
    assert read_runs(root)[0]["datasets"]["davis"]["expected_objects"] is None
    (root / "davis").rename(root / "davis_subset")  # another set in the same layout
    main([*command.replace("davis", "davis_subset", 1).split()])
    assert "warning" not in capsys.readouterr().err


@pytest.mark.slow
def test_the_paths_of_all_files_are_told(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = f"--method grabcut --dataset one --data-root {root} --limit 1 --max-clicks 1"
    evaluate.main([*command.split(), "--output", str(root / "out")])
    written = re.findall(r"^written: (.*)$", capsys.readouterr().out, flags=re.MULTILINE)
    names = ["results.json", "objects.csv", "report.html", "report.md"]
    assert written == [str(root / "out" / name) for name in names]
    assert all(Path(path).is_file() for path in written)


@pytest.mark.slow
def test_ctrl_c_tells_that_only_the_report_was_left(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(folder: Path, data_root: Path) -> list[Path]:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.report.write.write_report", interrupted)
    command = f"--method grabcut --dataset one two --data-root {root} --limit 2 --max-clicks 1"
    with pytest.raises(SystemExit) as left:
        evaluate.main([*command.split(), "--output", str(root / "out")])
    assert left.value.code == (
        f"stopped; all 4 objects are done, in {root / 'out' / 'finished'}, only the report was "
        "left: the same command writes it."
    )


@pytest.mark.slow
@pytest.mark.parametrize("method", CLASSICAL_FACTORIES)
def test_classical_methods_run_by_their_names(root: Path, method: str) -> None:
    output = root / "results"
    main(f"--method {method} --dataset one --data-root {root} --limit 1 --output {output}".split())
    results = json.loads((output / "results.json").read_text())
    assert results["method"] == method
    assert results["datasets"]["one"]["metrics"]["IoU@20"] > 0.9
    assert results["start_values"]


@pytest.mark.slow
def test_methods_sets_and_click_styles_each_have_a_run(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = root / "results"
    main(
        f"--method grabcut random-walker --dataset one two --data-root {root} --limit 2 "
        f"--max-clicks 3 --click-style central random --seed 5 --output {output}".split()
    )
    runs = read_runs(output)
    assert [(run["name"], run["click_style"], run["seed"]) for run in runs] == [
        ("grabcut", "central", None),
        ("grabcut", "random", 5),
        ("random-walker", "central", None),
        ("random-walker", "random", 5),
    ]
    assert all(len(courses_of(run, name)) == 2 for run in runs for name in ("one", "two"))
    shown = [line.strip("| ").split() for line in capsys.readouterr().out.splitlines()]
    assert ["method", "|", "clicks", "|", "data", "set"] in [line[:6] for line in shown]
    assert ["random-walker", "|", "random", "|", "two"] in [line[:5] for line in shown]


@pytest.mark.slow
def test_a_run_s_method_gives_the_masks_of_its_recorded_clicks(root: Path) -> None:
    output = root / "results"
    main(f"--method random-walker --dataset one --data-root {root} --output {output}".split())
    (run,) = read_runs(output)
    (course, *_) = courses_of(run, "one")
    clicker = method_of(run, "one")(np.where(OBJECT, 200, 40).astype(np.uint8))
    for click in course.clicks:
        mask = clicker.click(click.y, click.x, click.foreground)
    both, either = (mask & OBJECT).sum(), (mask | OBJECT).sum()
    assert both / either == pytest.approx(course.clicks[-1].iou)


@pytest.mark.slow
def test_objects_are_chosen_by_size(root: Path) -> None:
    labels = np.zeros((10, 12), np.uint8)
    labels[0, :2], labels[2:4, :3], labels[5:9, :6], labels[5:9, 7:12] = 1, 2, 3, 4
    for number in range(3):
        Image.fromarray(labels).save(root / "one" / f"masks/{number}.png")

    def names(more: str) -> list[str]:
        command = f"--method grabcut --dataset one --data-root {root} --max-clicks 1 --limit 3"
        main([*command.split(), "--output", str(root / "out"), *more.split()])
        (run,) = read_runs(root / "out")
        return [course.name for course in courses_of(run, "one")]

    assert names("--objects all") == ["0:1", "0:2", "0:3"]
    assert names("--objects all --min-area 6") == ["0:2", "0:3", "0:4"]
    assert names("--objects smallest --min-area 1") == ["0:1", "1:1", "2:1"]
    assert names("--objects largest,median,smallest --min-area 6") == ["0:3", "0:4", "0:2"]


@pytest.mark.parametrize("wrong", ["--objects big", "--objects largest,big", "--click-style x"])
def test_a_wrong_choice_is_refused(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"'{wrong.split()[1]}'" in refused(f"--dataset one {wrong}", capsys)


def test_an_unknown_method_is_one_clear_sentence(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(f"--method snakes --dataset one --data-root {root}", capsys)
    assert said.startswith("error: Expected a method, grabcut or random-walker")


def test_two_tasks_in_one_folder_are_two_data_sets(tmp_path: Path) -> None:
    folder = tmp_path / "DAVIS585" / "bear"
    folder.mkdir(parents=True)
    damaged = OBJECT.copy()
    damaged[2:4] = False
    Image.fromarray(np.stack([np.where(OBJECT, 200, 40).astype(np.uint8)] * 3, -1)).save(
        folder / "00005.jpg"
    )
    for name, mask in (("", OBJECT), ("init_sp_", damaged), ("init_stm_", OBJECT)):
        Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)).save(folder / f"{name}1_00005.png")
    output = tmp_path / "results"
    main(
        f"--dataset davis585_sp davis585 davis585_stm --data-root {tmp_path} --max-clicks 2 "
        f"--settings zoom_size=128 --output {output}".split()
    )
    sets = read_runs(output)[0]["datasets"]
    assert list(sets) == ["davis585_sp", "davis585", "davis585_stm"]
    assert sets["davis585_sp"]["metrics"]["IoU@0"] == pytest.approx(0.6)
    assert "IoU@0" not in sets["davis585"]["metrics"]
    assert sets["davis585_stm"]["metrics"]["NoC@90"] == 0
    assert sets["davis585_stm"]["objects"][0]["clicks"] == []


@pytest.mark.parametrize("option", ["--objects all", "--min-area 500"])
def test_what_the_validation_set_does_not_know_is_refused(
    root: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(f"--dataset validation --data-root {root} {option}", capsys)
    assert said.startswith(
        "error: Expected --objects and --min-area for other sets than validation"
    )
