"""What a network is made of, as a value that a recipe names and a checkpoint's card carries.

The defaults are the paper's best. What Tables 3-6 switch off or exchange, and what the authors'
released code does otherwise than the paper says, are fields; no network has a class of its own
for either.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

Feedback = Literal["ffcm+cffm", "ffcm", "cffm", "input", "none"]
Similarity = Literal["cosine", "exponential"]
PaperName = Literal[
    "fcfi-hrnet18",
    "fcfi-hrnet18s",
    "fcfi-hrnet18s-small",
    "fcfi-resnet101",
    "ritm-hrnet18s",
    "ritm-hrnet18",
    "ritm-hrnet32",
]


class Method(BaseModel):
    """What every architecture may leave out or exchange (Tables 3-6).

    Attributes
    ----------
    name : str
        Of the network.
    feedback : str
        How feedback enters. ``"ffcm+cffm"`` is the method; the others are ablations: ``"ffcm"``
        concatenates the corrected feedback with F, ``"cffm"`` fuses the uncorrected feedback
        (Table 3), ``"input"`` puts it beside the clicks (Table 6), ``"none"`` leaves it out.
    similarity : str
        Affinity of Eq. 1 (Table 4).
    residual, gate : bool
        Parts of Eq. 5 (Table 6).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    feedback: Feedback = "ffcm+cffm"
    similarity: Similarity = "cosine"
    residual: bool = True
    gate: bool = True


class Architecture(Method):
    """Architecture of ``fcfi-lite``.

    Attributes
    ----------
    fusion : str
        ``"late"``: clicks enter the decoder; ``"early"``: they enter the backbone's stem.
    affinity_channels : int
        Channels of the projection of F on which affinity is measured; 0 measures it on F itself.
    """

    name: Literal["fcfi-lite"] = "fcfi-lite"
    fusion: Literal["late", "early"] = "late"
    affinity_channels: Annotated[int, Field(ge=0, le=1024)] = 32


class PaperArchitecture(Method):
    """Architecture of the networks that the paper compares: HRNet with OCR, ResNet-101 DeepLabV3+.

    Attributes
    ----------
    name : str
        Backbone and head: see `SIZES`. ``ritm-…`` are the paper's baselines: feedback goes into
        the stem (``feedback="input"``, their default) or nowhere (``"none"``), no FFCM, no CFFM.
        ``fcfi-hrnet18s`` is what the authors published under that name, the full HRNet-18 with a
        narrow head; ``fcfi-hrnet18s-small`` has the small HRNet-18 of which the paper speaks.
    feedback_channels : int
        Channels of CFFM's feedback pathway and of the affinity encoder. The paper gives none;
        released: 64 with HRNet, 32 with ResNet-101.
    updates : int
        How often Eq. 4 and 5 are applied, one upon the other. Paper and released files: once.
    feedback_in_stem : bool
        Feedback enters the stem beside the clicks as well, as in the released HRNet models, which
        took their stem over from RITM. The paper: into FFCM only.
    affinity_encoder : bool
        Affinity is measured on channels that a small network makes of image, clicks, feedback and
        F, as in all released models. The paper: on F, without parameters.
    residual_channels : str
        ``"one"``: the feature pathway of Eq. 5 gives one channel, which is added to every channel
        of F, as in all released models. The paper speaks of a convolution block; ``"all"`` gives
        each channel of F a change of its own.
    fusion_relu : bool
        HRNet's ReLU after each fusion of resolutions. The released FCFI models lost it (RITM's have
        it), so their weights need False; ImageNet weights were trained with it.
    soft_box : bool
        In training, FFCM's box has soft edges (a steep sigmoid), as the released models were
        trained with. The paper: 0 or 1. Prediction always has the hard box.
    geometry : str
        ``"truncated"``: a click's cell and box are found as in the released code, by dividing and
        truncating; ``"nearest"``: the cell whose centre is nearest, and the box around it.
    newest_first : bool
        Several new clicks are applied newest first, as in the released code, so that the oldest
        has the last word; else oldest first. The paper speaks of one click.
    """

    name: PaperName
    feedback_channels: Annotated[int, Field(ge=1, le=1024)] = 64
    updates: Annotated[int, Field(ge=1, le=16)] = 1
    feedback_in_stem: bool = False
    affinity_encoder: bool = False
    residual_channels: Literal["all", "one"] = "all"
    fusion_relu: bool = True
    soft_box: bool = False
    geometry: Literal["nearest", "truncated"] = "nearest"
    newest_first: bool = False

    @model_validator(mode="before")
    @classmethod
    def _baseline_feedback(cls, given: Any) -> Any:
        if isinstance(given, dict) and str(given.get("name")).startswith("ritm-"):
            return {"feedback": "input", **given}
        return given

    @model_validator(mode="after")
    def _baseline_has_no_module(self) -> PaperArchitecture:
        if self.name.startswith("ritm-") and self.feedback not in ("input", "none"):
            raise ValueError(
                f"Expected feedback 'input' or 'none' for {self.name}, which has neither FFCM nor "
                f"CFFM; got {self.feedback!r}: choose an fcfi-… network for it."
            )
        return self

    @property
    def stem_maps(self) -> int:
        """Maps that enter the stem beside the image: the clicks' two, and feedback's if it does."""
        return 3 if self.feedback_in_stem or self.feedback == "input" else 2


AnyArchitecture: TypeAlias = Annotated[
    Architecture | PaperArchitecture, Field(discriminator="name")
]


class Size(BaseModel):
    """Backbone by timm's name, and the OCR head's width (0: a DeepLabV3+ head)."""

    model_config = ConfigDict(frozen=True)

    backbone: Literal["hrnet_w18", "hrnet_w18_small_v2", "hrnet_w32", "resnet101s"]
    ocr_width: int = 0


SIZES: dict[PaperName, Size] = {
    "fcfi-hrnet18": Size(backbone="hrnet_w18", ocr_width=64),
    "fcfi-hrnet18s": Size(backbone="hrnet_w18", ocr_width=48),
    "fcfi-hrnet18s-small": Size(backbone="hrnet_w18_small_v2", ocr_width=48),
    "fcfi-resnet101": Size(backbone="resnet101s"),
    "ritm-hrnet18s": Size(backbone="hrnet_w18_small_v2", ocr_width=48),
    "ritm-hrnet18": Size(backbone="hrnet_w18", ocr_width=64),
    "ritm-hrnet32": Size(backbone="hrnet_w32", ocr_width=128),
}


def released_architecture(name: PaperName) -> PaperArchitecture:
    """The network of this name as the authors' code has it, which their weights need."""
    if name.startswith("ritm-"):
        return PaperArchitecture(name=name)
    hrnet = SIZES[name].ocr_width > 0
    return PaperArchitecture(
        name=name,
        feedback_channels=64 if hrnet else 32,
        feedback_in_stem=hrnet,
        affinity_encoder=True,
        residual_channels="one",
        fusion_relu=not hrnet,
        soft_box=True,
        geometry="truncated",
        newest_first=True,
    )
