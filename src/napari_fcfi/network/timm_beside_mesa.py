"""Imports timm without a crash in processes that draw with Mesa's OpenGL, as napari does on Linux.

timm imports torchvision, and that imports triton where torch came with it (CUDA builds). Triton's
library has an LLVM inside. Mesa's drivers load an LLVM too and make its symbols global, so triton,
loaded later, would call into Mesa's LLVM: a segmentation fault while a model is being loaded.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from types import ModuleType


def import_timm() -> ModuleType:
    """Timm; costs a second or more, so it is called where a network is built and not before."""
    load_triton()
    import timm

    return timm


def load_triton() -> None:
    """Load triton with its own symbols first, where the system's loader can (glibc)."""
    own_symbols_first = getattr(os, "RTLD_DEEPBIND", 0)
    if "triton" in sys.modules or not own_symbols_first:
        return
    flags = sys.getdlopenflags()
    sys.setdlopenflags(flags | own_symbols_first)
    try:
        with suppress(ImportError):
            import triton  # type: ignore[import-untyped, unused-ignore]  # noqa: F401
    finally:
        sys.setdlopenflags(flags)
