"""The one place where a setting of segmentation is declared: name, range, default, description.

The panel, the command line, the manifest's ``configurations`` and the record are all made from
`Settings`, so that a setting is written down once. This module imports nothing of the package.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Contrast = Literal["auto", "displayed", "percentile", "full"]
Protocol = Literal["clean", "released"]
ExpansionRatio = Annotated[float, Field(ge=0.05, le=2.0)]

RELEASED_VALUES: dict[str, Any] = {
    "expansion_ratio": 0.3,
    "zoom_margin": 1.4,
    "zoom_min": 200,
    "zoom_size": 400,
    "flip": True,
    "threshold": 0.49,
    "contrast": "full",
}
"""What the authors' programs have where a setting is not named (docs/protocols.md)."""


class Settings(BaseModel):
    """How clicks become a mask; an immutable value, kept with every state of an interaction.

    With ``protocol="released"`` the settings that are not named have the values of the authors'
    programs (`RELEASED_VALUES`) instead of the defaults below.

    Raises
    ------
    pydantic.ValidationError
        When a value lies outside its range or a name is unknown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    expansion_ratio: ExpansionRatio = Field(
        default=0.3,
        title="Expansion ratio r",
        description=(
            "Side of the area that a new click corrects directly, as a share of the window's "
            "side (FFCM, paper 3.2); 2 is the whole window wherever the click is."
        ),
    )
    zoom_in: bool = Field(
        default=True,
        title="Zoom-in",
        description="Look at a window around the object instead of the whole picture.",
    )
    zoom_margin: Annotated[float, Field(ge=1.0, le=4.0)] = Field(
        default=1.4,
        title="Zoom margin",
        description="Side of the window as a multiple of the side of the object and its clicks.",
    )
    zoom_min: Annotated[int, Field(ge=16, le=4096)] = Field(
        default=48,
        title="Smallest window",
        description="Smallest side of the window, in pixels of the image.",
    )
    zoom_size: Annotated[int, Field(ge=128, le=1024)] = Field(
        default=320,
        title="Window size",
        description="Longer side of the network's input, in pixels: larger is finer and slower.",
    )
    flip: bool = Field(
        default=True,
        title="Flip averaging",
        description="Average the answers for the window and its mirror image.",
    )
    threshold: Annotated[float, Field(ge=0.05, le=0.95)] = Field(
        default=0.5,
        title="Threshold",
        description="Probability above which a pixel belongs to the object.",
    )
    contrast: Contrast = Field(
        default="auto",
        title="Contrast",
        description=(
            "Range of values that the network sees: auto (8-bit colour as it is, else the "
            "layer's limits once you changed them, else the 0.1 to 99.9 percentiles), the "
            "displayed limits, the percentiles, or the full range of the data type."
        ),
    )
    overwrite: bool = Field(
        default=False,
        title="May overwrite other labels",
        description="Allow the object to take pixels that belong to other labels.",
    )
    protocol: Protocol = Field(
        default="clean",
        title="Protocol",
        description=(
            "clean, or released: predict exactly as the authors' published programs do, their "
            "defects included, so that published numbers can be reproduced."
        ),
    )

    @model_validator(mode="before")
    @classmethod
    def _with_the_protocols_values(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("protocol") == "released":
            return {**RELEASED_VALUES, **given}
        return given
