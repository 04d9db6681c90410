"""Batch norm folded into convolutions: the same numbers up to rounding, for less work.

In evaluation a batch norm is a scale and a shift of each channel, which the convolution before it
can apply by itself.
"""

from __future__ import annotations

from typing import cast

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold_batch_norm(module: nn.Module) -> None:
    """Fold every batch norm that follows a convolution into it, in place; ReLU stays behind.

    Works where convolutions and norms alternate among a block's children, as in timm's naming; a
    row of layers that ends with a convolution counts as one.
    """
    before: tuple[nn.Module, str] | None = None
    for name, child in list(module.named_children()):
        if isinstance(child, nn.BatchNorm2d) and before is not None:
            convolution = cast(nn.Conv2d, getattr(*before))
            # the new bias would not be trained where the convolution had none
            setattr(*before, fuse_conv_bn_eval(convolution, child).requires_grad_())
            activated = not isinstance(getattr(child, "act", nn.Identity()), nn.Identity)
            setattr(module, name, nn.ReLU(inplace=True) if activated else nn.Identity())
            before = None
        elif isinstance(child, nn.Conv2d):
            before = module, name
        else:
            fold_batch_norm(child)
            if isinstance(child, nn.Sequential) and len(child) and isinstance(child[-1], nn.Conv2d):
                before = child, str(len(child) - 1)
