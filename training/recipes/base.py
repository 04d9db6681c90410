"""What a recipe says, with the paper's values as defaults where the paper has them."""

from __future__ import annotations

import importlib
import json
import math
import pkgutil
from collections.abc import Sequence
from typing import Annotated, Any, Literal, cast

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    ValidationError,
    model_validator,
)

from napari_fcfi.network import AnyArchitecture, Architecture, PaperArchitecture
from napari_fcfi.settings import ExpansionRatio
from training.precision import Precision

Side = Annotated[int, Field(gt=0, multiple_of=32)]
Share = Annotated[float, Field(ge=0, le=1)]


def _square(crop: object) -> object:
    """A single side stands for a square: so it was written while all crops were square."""
    return (crop, crop) if isinstance(crop, int) else crop


Crop = Annotated[tuple[Side, Side], BeforeValidator(_square)]


class Recipe(BaseModel):
    """How a model is trained.

    Attributes
    ----------
    data : str
        Kind of the data set, as `training.data.source.open_source` knows it.
    set_factors : dict of str to float
        How much more often than others some sets are drawn, by their names.
    augmentation : str
        ``"objects"``: crops are chosen around an object, at many scales (`training.augment`).
        ``"published"``: as in the paper's section 4.1 (`training.published_augment`).
    interactions : str
        ``"supervised"``: every interaction has a loss (`training.interactions`). ``"paper"``: up
        to ``max_clicks`` clicks in each, and a loss on the last (`training.paper_interactions`).
        ``"released"``: as in the authors' programs, for the paper's networks alone
        (`training.released_interactions`); of the fields from ``max_clicks`` to
        ``share_many_clicks`` only ``expansion_ratio`` has a meaning then.
    central_first : bool
        With released interactions: the first click on an object is a central one (FCFI's scripts;
        RITM's are without).
    crop : tuple of int
        Height and width of the training crops, px; multiples of 32.
    other_crops : tuple of tuple of int
        Further sizes; each step draws one of all.
    pictures, objects : int
        Pictures a step, of all processes together, and objects asked for in each.
    round_shares : tuple of float
        Probability of 1, 2, ... interactions in a step (paper: 1-4).
    max_clicks : int
        Most clicks that a simulated user gives at once (paper: 24), of a kind if supervised.
    new_clicks : int
        Most new clicks that go through FFCM in one interaction; the rest enter S only.
    share_one_click, share_many_clicks : float
        Shares of the objects that begin with one click and with many; the rest begins from a
        damaged mask. Supervised interactions only.
    share_second_look : float
        Share of the users who, at any interaction but the first, see their answer fed back to the
        same clicks, for a second look. Supervised interactions only.
    refined_weight, updated_weight : float
        Weights of the terms on M_r and M_u in Eq. 6 (paper: 1; the released HRNet recipes: 0.2).
    iou_weight : float
        Weight of the soft IoU of M_t, so that the threshold 0.5 is a good one where the network is
        not sure. Released interactions are without.
    quality_weight : float
        Weight of the quality head's loss, which reaches that head only.
    auxiliary_weight : float
        Weight of the loss of an OCR head's coarse answer (RITM: 0.4; FCFI: none).
    expansion_ratio : float
        r of FFCM (paper: 0.3).
    learning_rate, backbone_factor, weight_decay : float
        AdamW's rate, the slow parts' share of it, and its decay of the weights (0: Adam).
    slow_parts : tuple of str
        Beginnings of the names of the parameters that have the backbone's rate.
    slow_rates : str
        ``"alike"``: it is the rate of all of them. ``"by_size"``: that of each is in proportion to
        the size of its weights (`training.optimizer`).
    batch_statistics : str
        ``"learnt"``: batch norms normalise by the batch, over all GPUs. ``"frozen"``: by the
        statistics they began with, which a small batch and many CPU processes need.
    steps : int, optional
        Steps of the whole training; without end if None.
    warm_up : int
        Steps over which the rate rises from zero.
    rate_drops : tuple of int
        Steps at which the rate falls to a tenth; between them it is constant.
    clip : float, optional
        Largest norm of the gradient.
    ema : float
        Decay of the averaged weights, which are the ones that are released; 0 takes the newest.
    paste_share : float
        Share of the crops around objects with an object of another picture pasted in; with
        published augmentation none has.
    precision : str
        ``"32-true"``, or autocast to bfloat16 or to float16 (GPU only) around the networks; a
        light network's encoder and all losses stay in float32. ``"auto"``: what suits the device
        (`training.precision`).
    seed : int
        Of every draw, together with the number of the sample or step.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    architecture: AnyArchitecture = Architecture()
    data: str = "folders"
    set_factors: dict[str, PositiveFloat] = {}
    augmentation: Literal["objects", "published"] = "objects"
    interactions: Literal["supervised", "paper", "released"] = "supervised"
    central_first: bool = True
    crop: Crop = (256, 256)
    other_crops: tuple[Crop, ...] = ()
    pictures: Annotated[int, Field(ge=1)] = 8
    objects: Annotated[int, Field(ge=1)] = 2
    round_shares: tuple[float, ...] = (0.2, 0.35, 0.3, 0.15)
    max_clicks: Annotated[int, Field(ge=1)] = 24
    new_clicks: Annotated[int, Field(ge=1)] = 2
    expansion_ratio: ExpansionRatio = 0.3
    share_one_click: Share = 0.6
    share_many_clicks: Share = 0.15
    share_second_look: Share = 0.0
    refined_weight: NonNegativeFloat = 1.0
    updated_weight: NonNegativeFloat = 1.0
    iou_weight: NonNegativeFloat = 0.0
    quality_weight: NonNegativeFloat = 0.2
    auxiliary_weight: NonNegativeFloat = 0.0
    learning_rate: PositiveFloat = 1e-3
    backbone_factor: NonNegativeFloat = 0.15
    weight_decay: NonNegativeFloat = 1e-4
    slow_parts: tuple[str, ...] = ("backbone.",)
    slow_rates: Literal["alike", "by_size"] = "alike"
    batch_statistics: Literal["learnt", "frozen"] = "learnt"
    steps: int | None = None
    warm_up: Annotated[int, Field(ge=1)] = 150
    rate_drops: tuple[int, ...] = ()
    clip: PositiveFloat | None = 5.0
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.999
    paste_share: Share = 0.1
    precision: Precision | Literal["auto"] = "auto"
    seed: NonNegativeInt = 1

    @model_validator(mode="before")
    @classmethod
    def _former_precision(cls, given: Any) -> Any:
        """States of earlier runs tell their precision by ``bf16``, yes or no."""
        if isinstance(given, dict) and "bf16" in given:
            rest = {name: value for name, value in given.items() if name != "bf16"}
            return {"precision": "bf16-mixed" if given["bf16"] else "32-true", **rest}
        return given

    @model_validator(mode="after")
    def _shares_add_up(self) -> Recipe:
        if self.share_one_click + self.share_many_clicks > 1:
            raise ValueError(
                "Expected share_one_click and share_many_clicks of at most 1 together; got "
                f"{self.share_one_click} and {self.share_many_clicks}: lower one of them."
            )
        if not math.isclose(sum(self.round_shares), 1) or min(self.round_shares) < 0:
            raise ValueError(
                f"Expected round_shares that add up to 1; got {self.round_shares}: give one for "
                "each number of interactions."
            )
        return self

    @model_validator(mode="after")
    def _released_for_the_papers_networks(self) -> Recipe:
        if self.interactions == "released" and not isinstance(self.architecture, PaperArchitecture):
            raise ValueError(
                "Expected one of the paper's networks for interactions='released'; got "
                f"{self.architecture.name}: leave it at 'supervised'."
            )
        return self

    @property
    def asked_for(self) -> int:
        """Objects that a step learns from in each picture; released interactions choose one."""
        return 1 if self.interactions == "released" else self.objects

    def differences(self, other: Recipe) -> list[str]:
        """Names of the fields in which two recipes differ."""
        return [
            name for name in type(self).model_fields if getattr(self, name) != getattr(other, name)
        ]


def changed(recipe: Recipe, changes: Sequence[str]) -> Recipe:
    """The recipe with some fields changed, each given as ``FIELD=VALUE`` with a value in JSON.

    Raises
    ------
    ValueError
        When a field is unknown or a value does not fit it.
    """
    values = recipe.model_dump()
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals or name not in values or name == "name":
            fields = ", ".join(field for field in values if field != "name")
            raise ValueError(f"Expected FIELD=VALUE with one of {fields}; got {change!r}.")
        try:
            values[name] = json.loads(text)
        except json.JSONDecodeError:  # a word needs no quotes
            values[name] = text
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = "".join(f"{part}: " for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ").removesuffix(".")
        raise ValueError(
            f"Expected values that fit the recipe {recipe.name}; got {', '.join(changes)} "
            f"({place}{reason})."
        ) from error


def recipe_names() -> list[str]:
    """Names of all recipes."""
    package = importlib.import_module(__package__)
    return sorted(
        m.name
        for m in pkgutil.iter_modules(package.__path__)
        if m.name not in ("base", "published")
    )


def recipe(name: str) -> Recipe:
    """The recipe called ``name``.

    Raises
    ------
    ValueError
        When there is none of that name.
    """
    if name not in recipe_names():
        raise ValueError(f"Expected one of the recipes {', '.join(recipe_names())}; got {name!r}.")
    return cast(Recipe, importlib.import_module(f"{__package__}.{name}").RECIPE)
