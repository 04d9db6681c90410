"""What a recipe says, with the paper's values as defaults where the paper has them."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Annotated, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator

from napari_fcfi.network import AnyArchitecture, Architecture, PaperArchitecture


class Recipe(BaseModel):
    """How a model is trained.

    Attributes
    ----------
    interactions : str
        ``"supervised"``: every interaction has a loss, on probabilities (`training.interactions`).
        ``"released"``: only the last one, as in the authors' programs, for the paper's networks
        alone (`training.released_interactions`); the fields from ``round_shares`` to
        ``share_many_clicks``, but for ``expansion_ratio``, have no meaning then.
    central_first : bool
        With released interactions: the first click on an object is a central one (FCFI's scripts;
        RITM's are without).
    crop : int
        Side of the training crops, px; a multiple of 32.
    pictures, objects : int
        Pictures a step, and objects asked for in each.
    round_shares : tuple of float
        Probability of 1, 2, ... interactions in a step (paper: 1-4).
    max_clicks : int
        Most clicks of a kind that a simulated user gives at once (paper: 24).
    new_clicks : int
        Most new clicks that go through FFCM in one interaction; the rest enter S only.
    share_one_click, share_many_clicks : float
        Shares of the objects that begin with one click and with many; the rest begins from a
        damaged mask.
    refined_weight, updated_weight : float
        Weights of the terms on M_r and M_u in Eq. 6 (paper: 1; the released HRNet recipes: 0.2).
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
    warm_up : int
        Steps over which the rate rises from zero.
    rate_drops : tuple of int
        Steps at which the rate falls to a tenth; between them it is constant.
    clip : float, optional
        Largest norm of the gradient.
    ema : float
        Decay of the averaged weights, which are the ones that are released; 0 takes the newest.
    paste_share : float
        Share of the crops with an object of another picture pasted in.
    bf16 : bool
        bfloat16 autocast around the decoder.
    seed : int
        Of every draw, together with the number of the sample or step.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    architecture: AnyArchitecture = Architecture()
    interactions: Literal["supervised", "released"] = "supervised"
    central_first: bool = True
    crop: Annotated[int, Field(multiple_of=32)] = 256
    pictures: int = 8
    objects: int = 2
    round_shares: tuple[float, ...] = (0.2, 0.35, 0.3, 0.15)
    max_clicks: int = 24
    new_clicks: int = 2
    expansion_ratio: float = 0.3
    share_one_click: float = 0.6
    share_many_clicks: float = 0.15
    refined_weight: float = 1.0
    updated_weight: float = 1.0
    quality_weight: float = 0.2
    auxiliary_weight: float = 0.0
    learning_rate: float = 1e-3
    backbone_factor: float = 0.15
    weight_decay: float = 1e-4
    slow_parts: tuple[str, ...] = ("backbone.",)
    warm_up: int = 150
    rate_drops: tuple[int, ...] = ()
    clip: float | None = 5.0
    ema: float = 0.999
    paste_share: float = 0.1
    bf16: bool = True
    seed: int = 1

    @model_validator(mode="after")
    def _released_for_the_papers_networks(self) -> Recipe:
        if self.interactions == "released" and not isinstance(self.architecture, PaperArchitecture):
            raise ValueError(
                "Expected one of the paper's networks for interactions='released'; got "
                f"{self.architecture.name}: leave it at 'supervised'."
            )
        return self


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
