"""What cannot be done is said in one sentence, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from napari_fcfi.inference import InputError
from napari_fcfi.plugin import labels_layer
from tests.gui.fake import FakePredictor
from tests.gui.hand import Hand, grey

pytestmark = pytest.mark.gui


def one_sentence(told: list[str]) -> str:
    """The only message, checked to be one sentence in one line."""
    assert len(told) == 1, told
    (text,) = told
    assert "\n" not in text
    assert text[0].isupper()
    return text


def test_a_click_without_an_image(hand: Hand, told: list[str]) -> None:
    hand.click_and_wait(30, 20)
    before = np.array(hand.panel.session.labels.data)
    labels = hand.panel.session.labels
    hand.viewer.layers.remove(hand.panel.session.image)
    hand.panel.session.click_at((30, 70), True)
    assert "needs an image" in one_sentence(told)
    assert "needs an image" in hand.panel.status.text.text()
    assert np.array_equal(labels.data, before)


@pytest.mark.parametrize("point", [(-3.0, 20.0), (30.0, 100.4), (80.0, 20.0)])
def test_a_click_outside_the_image(hand: Hand, told: list[str], point) -> None:
    hand.click_and_wait(30, 20)
    before = hand.own(1)
    hand.click(*point)
    hand.wait()
    assert "outside the image" in one_sentence(told)
    assert np.array_equal(hand.own(1), before)
    assert len(hand.panel.tool.layer.data) == 1


@pytest.mark.parametrize("point", [(-0.4, 20.0), (30.0, 99.4), (79.4, 0.0)])
def test_the_outermost_half_pixel_is_inside(hand: Hand, told: list[str], point) -> None:
    hand.panel.session.click_at(point, True)
    hand.wait()
    assert told == []
    assert hand.own(1).any()


def test_an_empty_image(hand: Hand, told: list[str]) -> None:
    # napari shows no empty image, but a layer's data may become empty behind its back.
    image = hand.panel.session.image
    image._data = np.zeros((0, 40), np.uint8)
    hand.panel.session.click_at((0, 0), True)
    assert f"“{image.name}” has no pixels" in one_sentence(told)
    image._data = grey()


def test_a_labels_layer_of_another_shape_is_refused_and_the_former_one_stays(
    hand: Hand, told: list[str]
) -> None:
    hand.click_and_wait(30, 20)
    labels = hand.panel.session.labels
    other = hand.viewer.add_labels(np.zeros((10, 11), np.uint8), name="small")
    hand.panel.labels_box.value = other
    text = one_sentence(told)
    assert "10 × 11" in text
    assert "80 × 100" in text
    assert hand.panel.labels_box.value == labels
    assert hand.panel.session.labels == labels
    assert len(hand.panel.session.clicks) == 1


def test_labels_whose_data_are_replaced_by_another_shape_are_refused_at_the_click(
    hand: Hand, told: list[str]
) -> None:
    hand.click_and_wait(30, 20)
    hand.panel.session.labels.data = np.zeros((10, 11), np.uint8)
    hand.panel.session.click_at((30, 70), True)
    hand.wait()
    assert "10 × 11" in one_sentence(told)


def test_a_view_in_three_dimensions(dock: Callable[..., Hand], told: list[str]) -> None:
    hand = dock(grey((5, 40, 50)))
    hand.viewer.dims.ndisplay = 3
    hand.panel.session.click_at((2, 20, 20), True)
    assert "2D" in one_sentence(told)
    hand.viewer.dims.ndisplay = 2
    hand.panel.tool.activate()
    hand.click_and_wait(2, 20, 20)
    assert hand.at(2, 20, 20) == 1


def test_a_prediction_that_fails_is_told_and_the_rest_goes_on(
    hand: Hand, predictor: FakePredictor, told: list[str]
) -> None:
    hand.click_and_wait(30, 20)
    predictor.problem = RuntimeError("no such kernel")
    hand.click_and_wait(30, 70)
    assert "no such kernel" in one_sentence(told)
    assert len(hand.panel.tool.layer.data) == 1
    predictor.problem = None
    hand.click_and_wait(30, 70)
    assert (hand.at(30, 20), hand.at(30, 70)) == (1, 1)


def test_a_sentence_of_the_predictor_is_shown_as_it_is(
    hand: Hand, predictor: FakePredictor, told: list[str]
) -> None:
    predictor.problem = InputError("A click was expected, but none came; click on the object.")
    hand.click_and_wait(30, 70)
    assert one_sentence(told) == str(predictor.problem)


def test_an_error_of_a_library_is_not_taken_for_a_sentence(
    hand: Hand, predictor: FakePredictor, told: list[str]
) -> None:
    predictor.problem = ValueError("operands could not be broadcast together")
    hand.click_and_wait(30, 70)
    assert one_sentence(told).startswith("The prediction failed (ValueError: operands")


def test_what_cannot_be_done_is_a_warning_and_what_went_wrong_an_error(
    hand: Hand, predictor: FakePredictor, severities: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any) -> None:
        raise OSError("disk full")

    hand.click_and_wait(-3, 20)
    assert severities == ["warning"]
    predictor.problem = ValueError("no")
    hand.click_and_wait(30, 70)
    assert severities == ["warning", "error"]
    predictor.problem = None
    monkeypatch.setattr(labels_layer, "write", failing)
    hand.click_and_wait(30, 70)
    assert severities == ["warning", "error", "error"]


CPU_ALLOCATOR = "[enforce fail at alloc_cpu.cpp:118] . DefaultCPUAllocator: "


@pytest.mark.parametrize(
    ("device", "problem", "advice"),
    [
        ("cuda:0", RuntimeError("CUDA out of memory. Tried to allocate 20 MiB"), "device “cpu” or"),
        ("mps", RuntimeError("MPS backend out of memory (20 MB)"), "device “cpu” or"),
        ("cpu", RuntimeError(f"{CPU_ALLOCATOR}can't allocate memory: you tried"), "close other"),
        ("cpu", RuntimeError(f"{CPU_ALLOCATOR}not enough memory: you tried"), "close other"),
        ("cuda:0", RuntimeError(f"{CPU_ALLOCATOR}can't allocate memory: you tried"), "close other"),
        ("cuda:0", MemoryError("Unable to allocate 20 GiB"), "close other"),
    ],
)
def test_too_little_memory_is_told_with_what_helps_there(
    hand: Hand,
    predictor: FakePredictor,
    told: list[str],
    device: str,
    problem: Exception,
    advice: str,
) -> None:
    predictor.model.device, predictor.problem = device, problem
    hand.click_and_wait(30, 70)
    assert "not enough memory" in one_sentence(told)
    assert advice in told[0]
    assert hand.panel.session.clicks == []


def test_a_checkpoint_that_does_not_load_is_told_and_the_former_model_stays(
    dock: Callable[..., Hand], predictor: FakePredictor, told: list[str], monkeypatch
) -> None:
    hand = dock(grey())
    panel = hand.panel

    def broken(request):
        raise ValueError("The file “x.pth” is no checkpoint: choose another one.")

    monkeypatch.setattr(panel.loader, "_load", broken)
    panel.model_row.model.choices = ["fcfi-lite", "x.pth"]
    panel.model_row.model.value = "x.pth"
    hand.qtbot.waitUntil(lambda: not panel.loader.busy)
    assert "no checkpoint" in one_sentence(told)
    assert "no checkpoint" in panel.status.text.text()
    assert panel.model_row.model.value == "fcfi-lite"
    hand.click_and_wait(30, 20)
    assert hand.at(30, 20) == 1


@pytest.mark.parametrize("content", [b"", b"\x08\0\0\0\0\0\0\0{", b"PK\x03\x04 not a model"])
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_broken_or_foreign_file_is_told_in_one_sentence(
    dock: Callable[..., Hand],
    told: list[str],
    monkeypatch,
    tmp_path,
    caplog: pytest.LogCaptureFixture,
    content: bytes,
    suffix: str,
) -> None:
    from napari_fcfi.plugin.model_loading import load

    hand = dock(grey())
    file = tmp_path / f"broken{suffix}"
    file.write_bytes(content)
    monkeypatch.setattr(hand.panel.loader, "_load", load)
    hand.panel.model_row.wanted.emit(str(file), "cpu")
    hand.qtbot.waitUntil(lambda: not hand.panel.loader.busy, timeout=60_000)
    assert file.name in one_sentence(told)
    assert "did not load" not in caplog.text  # no traceback of what can be expected


def test_a_pyramid_of_labels_cannot_be_edited(hand: Hand, told: list[str]) -> None:
    full = np.zeros((80, 100), np.uint8)
    other = hand.viewer.add_labels([full, full[::2, ::2]], multiscale=True, name="pyramid")
    hand.panel.labels_box.value = other
    assert "cannot be edited" in one_sentence(told)
