"""The conditions of an evaluation: the same for every method and every object."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from napari_fcfi.settings import Protocol
from training.data.evaluation_sets import Sample, in_a_field_of_mirror_images
from training.evaluation.click_styles import ClickStyle
from training.evaluation.courses import ClickBudget, Course, Method, measure
from training.evaluation.rules import RULES, Rules


@dataclass(frozen=True)
class Conditions:
    """How objects are shown, clicked on and measured.

    Attributes
    ----------
    budget
        Number of clicks.
    protocol
        Whose rules count.
    mended
        Differences of the released protocol that are taken back.
    mirror_field
        Side of the field of mirror images into which each image is placed, px; None: the image.
    style
        Where in an error the robot user clicks.
    seed
        Of what is drawn.
    """

    budget: ClickBudget = field(default_factory=ClickBudget)
    protocol: Protocol = "clean"
    mended: tuple[str, ...] = ()
    mirror_field: int | None = None
    style: ClickStyle = "central"
    seed: int = 0

    @property
    def rules(self) -> Rules:
        """The protocol's rules, with what is mended."""
        return RULES[self.protocol].mended(self.mended)

    def measure(self, method: Method, sample: Sample) -> Course:
        """Course of the robot user on one object."""
        if self.mirror_field is not None:
            sample = in_a_field_of_mirror_images(sample, self.mirror_field)
        return measure(method, sample, self.budget, self.rules, clicks=self.style, seed=self.seed)

    def described(self) -> dict[str, Any]:
        """What of it an object's course depends on, as JSON."""
        return {
            "max_clicks": self.budget.max_clicks,
            "stop_at": self.budget.stop_at,
            "mirror_field": self.mirror_field,
            "protocol": self.protocol,
            "mended": list(self.mended),
            "click_style": self.style,
            "seed": None if self.style == "central" else self.seed,
        }
