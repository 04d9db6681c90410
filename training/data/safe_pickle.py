"""Reads pickles of plain data without executing what they name.

A pickle is a program: it may call whatever it can import. Here it can import five names of numpy
and two for bytes, and gets our stand-ins for them, which copy bytes and call nothing. Everything
else, and every array of other than numbers, is refused. What is left are containers, numbers,
strings and bytes.
"""

from __future__ import annotations

import io
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from .files import DataError

NUMBERS = {f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)} | {"f4", "f8", "b1"}


class _Dtype:
    """Stand-in for ``numpy.dtype``: a number's type, told by its name."""

    def __init__(self, name: str, *_: object) -> None:
        if name not in NUMBERS:
            raise pickle.UnpicklingError(f"an array of {name!r} instead of numbers")
        self.name = name
        self.order = "<"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] not in ("<", ">", "|", "="):
            raise pickle.UnpicklingError(f"byte order {state[1]!r}")
        self.order = state[1]

    def numpy(self) -> np.dtype[Any]:
        return np.dtype(self.order.replace("|", "<") + self.name)


class _Array:
    """Stand-in for ``numpy.ndarray``, filled by its state."""

    def __init__(self, *_: object) -> None:
        self.value: np.ndarray[Any, Any] = np.zeros(0, np.uint8)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, fortran, data = state
        self.value = _array(data, dtype, shape, "F" if fortran else "C")


def _array(data: Any, dtype: Any, shape: Any, order: Any = "C") -> np.ndarray[Any, Any]:
    if not isinstance(dtype, _Dtype) or not isinstance(data, bytes | bytearray):
        raise pickle.UnpicklingError("an array that is not made of bytes")
    values = np.frombuffer(bytes(data), dtype.numpy())
    if math.prod(shape) != values.size:
        raise pickle.UnpicklingError(f"{values.size} numbers for an array of shape {shape}")
    return values.reshape(shape, order="F" if order == "F" else "C")


def _frombuffer(data: Any, dtype: Any, shape: Any, order: Any = "C") -> _Array:
    made = _Array()
    made.value = _array(data, dtype, shape, order)
    return made


def _scalar(dtype: Any, data: Any) -> int | float | bool:
    number: int | float | bool = _array(data, dtype, (1,)).item()
    return number


def _reconstruct(*_: object) -> _Array:
    return _Array()


_STAND_INS: dict[str, Any] = {
    "_reconstruct": _reconstruct,
    "scalar": _scalar,
    "_frombuffer": _frombuffer,
    "ndarray": _Array,
    "dtype": _Dtype,
}
_HOMES = {
    f"numpy{part}"
    for core in (".core", "._core")
    for part in (f"{core}.multiarray", f"{core}.numeric")
} | {"numpy"}


def _encoded(text: Any, encoding: Any) -> bytes:
    if not isinstance(text, str) or encoding != "latin1":
        raise pickle.UnpicklingError("bytes in an unknown encoding")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    return b""


_OF_PROTOCOL_2 = {("_codecs", "encode"): _encoded, ("__builtin__", "bytes"): _no_bytes}
"""How bytes are written in pickles of protocol 2, which has none."""


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _OF_PROTOCOL_2:
            return _OF_PROTOCOL_2[module, name]
        if module not in _HOMES or name not in _STAND_INS:
            raise pickle.UnpicklingError(f"the name {module}.{name}, which is not plain data")
        return _STAND_INS[name]


def plain(value: Any) -> Any:
    """The array of a stand-in, and every other value as it is."""
    return value.value if isinstance(value, _Array) else value


def read_plain_pickle(path: Path) -> Any:
    """Content of a pickle file; arrays in it are given by `plain`.

    Raises
    ------
    DataError
        When the file is missing or damaged, or names anything but plain data.
    """
    try:
        return _PlainUnpickler(io.BytesIO(path.read_bytes())).load()
    # a crafted or damaged pickle can end in any error of the machine that runs it
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(
            f"expected a pickle of plain data, got {reason} in {path}; "
            "take that file from its publisher again."
        ) from error
