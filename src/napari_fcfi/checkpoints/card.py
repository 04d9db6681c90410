"""The card of a checkpoint: what it is, what it was trained on, and on which terms it is used."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from napari_fcfi.network import AnyArchitecture, Architecture
from napari_fcfi.settings import ExpansionRatio


class Card(BaseModel):
    """What travels inside every checkpoint of ours, and beside the embedded one as JSON.

    Attributes
    ----------
    name : str
        Name by which the model is asked for.
    architecture : Architecture or PaperArchitecture
        Network to build before the weights are read into it.
    summary : str
        One sentence for the list of models.
    licence : str
        SPDX expression of the weights.
    terms : str
        What the licence means for the user, in one or two sentences.
    training : str
        How it was trained: recipe, samples, initial weights.
    expansion_ratio : float, optional
        r of FFCM that it was trained with; None where that is not told.
    data : tuple of str
        Data sets it was trained on, with their terms.
    figures : dict
        Measured figures by name, as in ``docs/models.md``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    architecture: AnyArchitecture = Architecture()
    summary: str = ""
    licence: str = ""
    terms: str = ""
    training: str = ""
    expansion_ratio: ExpansionRatio | None = None
    data: tuple[str, ...] = ()
    figures: dict[str, float] = {}
