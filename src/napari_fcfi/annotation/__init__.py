"""Who owns a pixel: many objects in one labels array.

Pure numpy. Nothing here knows a network, a layer or a window on the screen: states of objects come
in, changes of pixels go out.
"""

from __future__ import annotations

from napari_fcfi.annotation.annotation import Annotation, SegmentedObject, Step
from napari_fcfi.annotation.change import Change
from napari_fcfi.annotation.holding import Holding
from napari_fcfi.annotation.label_ids import next_label, smallest_dtype, widened
from napari_fcfi.annotation.ownership import Claim, changed_by_hand, claim, claim_nothing
from napari_fcfi.annotation.plane import Plane

__all__ = [
    "Annotation",
    "Change",
    "Claim",
    "Holding",
    "Plane",
    "SegmentedObject",
    "Step",
    "changed_by_hand",
    "claim",
    "claim_nothing",
    "next_label",
    "smallest_dtype",
    "widened",
]
