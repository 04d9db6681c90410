"""Where in an error the robot user clicks, since people do not click where it does.

``central`` is the standard protocol: the error's innermost pixel. The other styles take the robot
user's choice of what is corrected (its sign) from there, and draw the place:

- ``jittered``: every pixel within half of the innermost pixel's distance to the border is as
  likely as any other, so the click stays well inside the same piece of error.
- ``random``: every pixel of the eroded error is as likely as any other. Eroded is what lies deeper
  than half the greatest depth, as for the clicks that training draws; error are all pixels that
  a click of this sign would correct.

Ignored pixels and pixels clicked before are never drawn.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from training.click_simulation import draw_from
from training.data.evaluation_sets import Sample
from training.evaluation.robot_user import RobotClick, squared_distances

ClickStyle = Literal["central", "jittered", "random"]

JITTER = 0.5
"""Farthest displacement, as a share of the central click's distance to the error's border."""


def in_style(
    style: ClickStyle,
    central: RobotClick,
    sample: Sample,
    mask: NDArray[np.bool_],
    clicked: Iterable[tuple[int, int]],
    rng: np.random.Generator,
) -> RobotClick:
    """The click that a user of this style makes instead of the central one.

    Parameters
    ----------
    style
        How the place is drawn.
    central
        The robot user's click; one that is on no error stays as it is.
    sample, mask
        The object, and the mask so far, ``(H, W)``.
    clicked
        Pixels ``(y, x)`` clicked before.
    rng
        Of the draw.
    """
    wrong = (mask != sample.object_mask) & (sample.object_mask == central.foreground)
    wrong &= ~sample.ignore
    if style == "central" or not wrong[central.y, central.x]:
        return central
    squares = squared_distances(wrong)
    reach = JITTER**2 * squares[central.y, central.x]
    for y, x in clicked:
        squares[y, x] = 0
    if style == "jittered":
        rows, columns = np.ogrid[: wrong.shape[0], : wrong.shape[1]]
        near = (rows - central.y) ** 2 + (columns - central.x) ** 2 <= reach
        place = draw_from(rng, (near & (squares > 0)).astype(np.float32), "anywhere")
    else:
        place = draw_from(rng, np.sqrt(squares).astype(np.float32), "eroded")
    if place is None:
        return central
    return RobotClick(int(place[0]), int(place[1]), central.foreground)
