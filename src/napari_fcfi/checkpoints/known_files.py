"""What is known about the files that the authors of FCFI and RITM published.

Nothing is downloaded: `docs/released-models.md` tells where they are.
"""

from __future__ import annotations

FCFI_TERMS = (
    "The authors of FCFI state no licence for their weights: ask them before you pass the weights "
    "on or use them for more than trying out."
)
RITM_LICENCE = "MIT"
RITM_TERMS = "Free to use, change and pass on, with the authors' notice (MIT, Samsung Electronics)."
UNKNOWN_TERMS = "Not known: ask whoever trained these weights before you pass them on."

COCO_LVIS = "COCO+LVIS"
SBD = "SBD"

TRAINING_SETS: dict[str, tuple[str, ...]] = {
    "model_h18s.pth": (COCO_LVIS,),
    "model_r101.pth": (SBD,),
    "sbd_h18_itermask.pth": (SBD,),
    "coco_lvis_h18_baseline.pth": (COCO_LVIS,),
    "coco_lvis_h18s_itermask.pth": (COCO_LVIS,),
    "coco_lvis_h18_itermask.pth": (COCO_LVIS,),
    "coco_lvis_h32_itermask.pth": (COCO_LVIS,),
}
"""Data that a published file was trained on, by the file's name."""
