"""Where a run happens: one process on a CPU or GPU, or many processes on many machines.

Many processes are started from outside, by ``torchrun`` or ``fabric run``; each finds its place in
the environment.
"""

from __future__ import annotations

import os

import torch
import torch.distributed as dist
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy

from napari_fcfi.checkpoints import choose_device
from napari_fcfi.network import PaperArchitecture
from napari_fcfi.network.architecture import SIZES

from .evaluation.errors import UserError
from .precision import suited_to
from .recipes import Recipe


def make_fabric(recipe: Recipe, device: str = "auto") -> Fabric:
    """Fabric of this process, its group joined if it has one.

    Parameters
    ----------
    recipe : Recipe
        What it is for.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.

    Raises
    ------
    UserError
        When the machine has no such device, or cannot work so, or ``fabric run`` says otherwise;
        or when processes would work in different precisions.
    """
    precision: str | None = recipe.precision
    try:
        if precision == "auto":
            precision = _suited(device)
        if not dist.is_torchelastic_launched():
            fabric = Fabric(accelerator=device, devices=1, precision=precision)
        else:
            local = int(os.environ["LOCAL_WORLD_SIZE"])
            fabric = Fabric(
                accelerator=device,
                devices=local,
                num_nodes=int(os.environ["WORLD_SIZE"]) // local,
                # looked for in vain, they cost time in each step, and torch warns of it
                strategy=DDPStrategy(find_unused_parameters=leaves_parts_unused(recipe)),
                precision=precision,
            )
    except Exception as error:  # of many kinds, each with a message of its own
        raise UserError(
            f"Expected a machine for device {device!r} and precision {precision!r}; got this: "
            f"{error}"
        ) from error
    if os.environ.get("LT_CLI_USED") != "1":  # `fabric run` has launched it
        fabric.launch()
    short = [float(fabric.strategy.precision.precision != "32-true")]
    if over_processes(fabric, short, "min") != over_processes(fabric, short, "max"):
        raise UserError(
            "Expected processes that work in one precision; got some that bfloat16 suits and some "
            "that float32 does: choose one for all with --set precision=32-true or bf16-mixed."
        )
    return fabric


def _suited(device: str) -> str | None:
    """The precision that suits a device; None where `fabric run` has chosen one.

    It may have chosen the device, too.
    """
    if "LT_PRECISION" in os.environ:
        return None
    chosen = os.environ.get("LT_ACCELERATOR", device)
    return suited_to(choose_device("auto" if chosen == "gpu" else chosen).type)


def leaves_parts_unused(recipe: Recipe) -> bool:
    """Whether no loss reaches some of what is to be trained.

    Those are layers of the OCR head that released files have (`napari_fcfi.network.ocr`), and what
    of ``fcfi-lite`` serves a loss that has no weight.
    """
    architecture = recipe.architecture
    if isinstance(architecture, PaperArchitecture):
        return SIZES[architecture.name].ocr_width > 0
    return not (recipe.quality_weight and recipe.refined_weight)


def over_processes(fabric: Fabric, values: list[float], how: str) -> list[float]:
    """Each value's ``"mean"``, ``"min"`` or ``"max"`` over all processes; all must call this."""
    if fabric.world_size == 1:
        return values
    reduced = fabric.all_reduce(torch.tensor(values, device=fabric.device), reduce_op=how)
    return torch.as_tensor(reduced).tolist()


def leave_group() -> None:
    """Leave the group of processes, if there is one; without this it complains at the end."""
    if dist.is_initialized():
        dist.destroy_process_group()
