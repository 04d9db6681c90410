"""The precision that a run works in: what its recipe says, or what suits the device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch

Precision = Literal["32-true", "bf16-mixed", "16-mixed"]

BFLOAT16_INSTRUCTIONS = ("amx_bf16", "avx512_bf16")


def suited_to(device: str) -> Precision:
    """Autocast to bfloat16 where a device is known to be fast with it, float32 elsewhere.

    Known are GPUs of NVIDIA that do not emulate it, and x86 processors with AMX or AVX-512 for it;
    one without takes twelve times as long for a step in bfloat16.

    Parameters
    ----------
    device : str
        ``"cpu"``, ``"cuda"`` or ``"mps"``.
    """
    if device == "cuda":
        quick = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        quick = device == "cpu" and any(map(_instructions().get, BFLOAT16_INSTRUCTIONS))
    return "bf16-mixed" if quick else "32-true"


def _instructions() -> Mapping[str, Any]:
    """What the processor can do; torch before 2.11 does not tell."""
    told: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return told
