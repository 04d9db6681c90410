"""Pickles of plain data are read, and nothing that they name is executed."""

from __future__ import annotations

import os
import pickle
import pickletools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from training.data.files import DataError
from training.data.safe_pickle import plain, read_plain_pickle

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
PROTOCOLS = st.integers(2, 5)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pickles") / "some.pickle"


@pytest.mark.slow
@given(content=PLAIN, protocol=PROTOCOLS)
def test_plain_data_come_back(path: Path, content: Any, protocol: int) -> None:
    path.write_bytes(pickle.dumps(content, protocol))
    assert read_plain_pickle(path) == content


@given(
    array=hnp.arrays(
        st.sampled_from(["u1", "<i4", ">i4", "<i8", "<f4", "<f8", "?"]),
        hnp.array_shapes(max_dims=3, min_side=0),
    ),
    fortran=st.booleans(),
    protocol=PROTOCOLS,
)
def test_arrays_of_numbers_come_back(
    path: Path, array: np.ndarray[Any, Any], fortran: bool, protocol: int
) -> None:
    array = np.asfortranarray(array) if fortran else array
    path.write_bytes(pickle.dumps([array, "beside"], protocol))
    found = plain(read_plain_pickle(path)[0])
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype


def test_numbers_of_numpy_come_back_as_numbers(path: Path) -> None:
    path.write_bytes(pickle.dumps([(np.uint8(3), np.int64(-7)), np.float32(0.5)]))
    assert read_plain_pickle(path) == [(3, -7), 0.5]


class Calls:
    """Makes a directory when it is unpickled by pickle itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_what_a_pickle_names_is_not_called(tmp_path: Path, protocol: int) -> None:
    path, trap = tmp_path / "crafted.pickle", tmp_path / "trap"
    path.write_bytes(pickle.dumps({"000000000009": Calls(trap)}, protocol))
    with pytest.raises(DataError, match=r"mkdir, which is not plain data in .*crafted\.pickle"):
        read_plain_pickle(path)
    assert not trap.exists()
    pickle.loads(path.read_bytes())
    assert trap.exists()  # so the test would have seen it


@pytest.mark.parametrize(
    "program",
    [
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"cnumpy\nload\n(S'/etc/passwd'\ntR.",
        b"cnumpy\nndarray\n(cnumpy\ndtype\n(S'O'\ntRtR.",
        b"cnumpy\ndtype\n(S'V8'\ntR.",
        b"c_codecs\nencode\n(S'a'\nS'rot13'\ntR.",
        b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'i4'\ntRS'12345678'\ntR.",
        b"cnumpy\ndtype\n(S'i4'\ntR(I3\nS'x'\ntb.",
        b"(lp0\n(dp1\nb.",
        b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f.",
        b"\x80\x04B\xff\xff\xff\xff.",
        b"P1\n.",
        b"\x82\x01.",
        b"",
        b"not a pickle",
    ],
)
def test_other_programs_are_refused(tmp_path: Path, program: bytes) -> None:
    path = tmp_path / "crafted.pickle"
    path.write_bytes(program)
    with pytest.raises(DataError, match=r"pickle of plain data.*crafted\.pickle"):
        read_plain_pickle(path)


def test_a_pickle_cut_at_any_byte_is_refused(tmp_path: Path) -> None:
    whole = pickle.dumps({"a": [np.arange(3, dtype=np.uint8)], "b": (1, None)})
    path = tmp_path / "cut.pickle"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match="cut"):
            read_plain_pickle(path)


def test_only_the_stand_ins_can_be_imported_by_the_pickles_that_numpy_writes() -> None:
    written = pickle.dumps([np.zeros(2), np.int8(1)], 4)
    names = [
        str(arg) for op, arg, _ in pickletools.genops(written) if op.name == "SHORT_BINUNICODE"
    ]
    assert {"_reconstruct", "ndarray", "dtype", "scalar"} <= set(names)
