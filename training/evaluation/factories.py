"""Any method by the name of what makes it: ``package.module:factory``.

The factory is called with an image, ``(H, W)`` or ``(H, W, 3)``, and gives an object with
``click(y, x, foreground) -> mask``. Naming one runs its code, as any import does.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.evaluation.courses import Clicker, Mask, Method, Repairer
from training.evaluation.errors import UserError

Factory = Callable[[NDArray[Any]], Any]


def found_factory(name: str) -> Factory:
    """The factory of that name.

    Parameters
    ----------
    name
        ``package.module:factory``; the part after the colon may have dots, too.

    Raises
    ------
    UserError
        When the name has another form, or no such module or no such callable is there.
    """
    module_name, colon, path = name.partition(":")
    if not (module_name and colon and path):
        raise UserError(
            f"Expected a method as package.module:factory, got {name!r}; "
            "name the module, a colon, and what makes the method."
        )
    try:
        found: Any = importlib.import_module(module_name)
    except ImportError as error:
        raise UserError(
            f"Expected a module {module_name!r} for the method {name!r}, but importing it failed "
            f"({error}); install it, or put its folder on PYTHONPATH."
        ) from error
    for part in path.split("."):
        if not hasattr(found, part):
            there = " or ".join(_callables_in(found)) or "a module that has something to be called"
            raise UserError(
                f"Expected {path!r} in the module {module_name!r}, found none; name {there}."
            )
        found = getattr(found, part)
    if not callable(found):
        raise UserError(
            f"Expected something to be called with an image, got {name!r}, which is "
            f"{type(found).__name__}; name a class or a function."
        )
    factory: Factory = found
    return factory


def _callables_in(module: Any) -> list[str]:
    return sorted(
        key for key, value in vars(module).items() if not key.startswith("_") and callable(value)
    )


def factory_method(name: str, factory: Factory) -> Method:
    """The factory's objects as clickers whose masks are looked at before anything is measured."""

    def made(image: NDArray[Any]) -> Clicker:
        clicker = factory(image)
        if not callable(getattr(clicker, "click", None)):
            raise UserError(
                f"Expected an object with click(y, x, foreground) from {name!r}, got "
                f"{type(clicker).__name__}; give it a method of that name."
            )
        kind = CheckedRepairer if isinstance(clicker, Repairer) else CheckedClicker
        return kind(name, clicker, image.shape[:2])

    return made


class CheckedClicker:
    """A clicker that is known to give masks of its image.

    Parameters
    ----------
    name
        Of its factory.
    clicker
        Made by it.
    shape
        ``(H, W)`` of the image.
    """

    def __init__(self, name: str, clicker: Any, shape: tuple[int, ...]) -> None:
        self.name = name
        self._clicker = clicker
        self._shape = shape

    def click(self, y: float, x: float, foreground: bool = True) -> Mask:
        """Mask ``(H, W)`` after one more click.

        Raises
        ------
        UserError
            When it is anything else.
        """
        mask = self._clicker.click(y, x, foreground)
        found = np.asarray(mask)
        if found.dtype != np.bool_ or found.shape != self._shape:
            raise UserError(
                f"Expected a mask of {self._shape} bool from click() of {self.name!r}, got "
                f"{found.dtype} of shape {found.shape}; return one, thresholded, of the image's "
                "size."
            )
        return found


class CheckedRepairer(CheckedClicker):
    """The same for a clicker that can start from a mask."""

    def start_from(self, mask: Mask) -> None:
        """Go on from a mask ``(H, W)``."""
        self._clicker.start_from(mask)


def factory_identity(module: str, factory: Factory) -> dict[str, Any]:
    """What identifies a factory in the results.

    The hash of its file, and of its module's where that is another one, as of a
    ``functools.partial``; the version of its package; and its own ``identity``, if it has one.

    Parameters
    ----------
    module
        In which the factory was found.
    factory
        It.

    Raises
    ------
    UserError
        When its ``identity`` is nothing that can be written as JSON.
    """
    found: dict[str, Any] = {}
    sources = [getattr(sys.modules.get(module), "__file__", None)]
    with suppress(TypeError):  # made by a compiled module, or an instance
        sources.append(inspect.getsourcefile(inspect.unwrap(factory)))
    files = {Path(source).resolve() for source in sources if source is not None}
    if files:
        contents = b"".join(file.read_bytes() for file in sorted(files))
        found["source_sha256"] = hashlib.sha256(contents).hexdigest()
    own = getattr(factory, "identity", None)
    if own is not None:
        try:
            found["identity"] = json.loads(json.dumps(own))
        except TypeError as error:
            raise UserError(
                f"Expected an identity that can be written as JSON from a factory of {module}, got "
                f"{type(own).__name__} ({error}); give it text, numbers, lists or dicts."
            ) from error
    top = getattr(factory, "__module__", "").partition(".")[0]
    names = packages_distributions().get(top, ())
    return found | ({"package": {name: version(name) for name in names}} if names else {})
