"""Methods by the name of what makes them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from training.evaluation.errors import UserError
from training.evaluation.factories import factory_identity, factory_method, found_factory

IMAGE = np.zeros((4, 6, 3), np.uint8)

MODULE = """\
from functools import partial

import numpy as np

SIZE = 3

class Whole:
    def __init__(self, image):
        self.shape = image.shape[:2]

    def click(self, y, x, foreground):
        return np.ones(self.shape, bool)

class Repairing(Whole):
    def start_from(self, mask):
        self.given = mask

class Floats(Whole):
    def click(self, y, x, foreground):
        return np.ones(self.shape)

class Small(Whole):
    def click(self, y, x, foreground):
        return np.ones((2, 2), bool)

class Mute:
    def __init__(self, image):
        pass

class Home:
    made = Whole

STRICT = partial(Whole)

class Taught(Whole):
    identity = {"weights": "1f3a"}
"""


@pytest.fixture(autouse=True)
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "methods_of_others.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "methods_of_others", raising=False)
    return tmp_path / "methods_of_others.py"


@pytest.mark.parametrize("path", ["Whole", "Home.made"])
def test_a_factory_is_found_by_its_name_and_makes_clickers(path: str) -> None:
    name = f"methods_of_others:{path}"
    clicker = factory_method(name, found_factory(name))(IMAGE)
    assert clicker.click(1, 1).all()
    assert not hasattr(clicker, "start_from")


def test_a_mask_to_start_from_reaches_the_method() -> None:
    name = "methods_of_others:Repairing"
    made = []
    factory = found_factory(name)
    method = factory_method(name, lambda image: made.append(factory(image)) or made[-1])
    method(IMAGE).start_from(np.eye(4, 6, dtype=bool))
    assert (made[0].given == np.eye(4, 6)).all()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Whole", r"Expected a method as package\.module:factory, got 'Whole'"),
        (":Whole", "Expected a method as"),
        ("methods_of_others:", "Expected a method as"),
        ("no_such_module_here:Whole", "importing it failed.*No module named"),
        ("methods_of_others:Part", r"Expected 'Part' .* found none; name Floats or Home or Mute"),
        ("methods_of_others:SIZE", "Expected something to be called with an image.*is int"),
    ],
)
def test_a_wrong_name_is_one_clear_sentence(name: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        found_factory(name)


def test_an_object_without_click_is_one_clear_sentence() -> None:
    name = "methods_of_others:Mute"
    with pytest.raises(UserError, match=r"Expected an object with click.*got Mute"):
        factory_method(name, found_factory(name))(IMAGE)


@pytest.mark.parametrize(
    ("kind", "message"), [("Floats", "got float64"), ("Small", r"bool of shape \(2, 2\)")]
)
def test_an_answer_that_is_no_mask_is_one_clear_sentence(kind: str, message: str) -> None:
    name = f"methods_of_others:{kind}"
    clicker = factory_method(name, found_factory(name))(IMAGE)
    with pytest.raises(UserError, match=rf"Expected a mask of \(4, 6\) bool.*{message}"):
        clicker.click(1, 1)


@pytest.mark.slow
@pytest.mark.parametrize("path", ["Whole", "STRICT", "Taught"])
def test_a_changed_file_is_another_method(written: Path, path: str) -> None:
    factory = found_factory(f"methods_of_others:{path}")
    before = factory_identity("methods_of_others", factory)["source_sha256"]
    written.write_text(MODULE + "\n")
    assert factory_identity("methods_of_others", factory)["source_sha256"] != before


@pytest.mark.slow
def test_a_factory_may_tell_what_else_its_answers_depend_on() -> None:
    factory = found_factory("methods_of_others:Taught")
    assert factory_identity("methods_of_others", factory)["identity"] == {"weights": "1f3a"}
    factory.identity = {"weights": {1, 2}}
    with pytest.raises(UserError, match=r"can be written as JSON.*got dict"):
        factory_identity("methods_of_others", factory)


@pytest.mark.slow
def test_the_version_of_a_package_is_part_of_the_identity() -> None:
    found = factory_identity("skimage.color", found_factory("skimage.color:rgb2gray"))
    assert found["package"]["scikit-image"]
