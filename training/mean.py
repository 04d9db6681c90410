"""``python -m training.mean OUTPUT CHECKPOINT CHECKPOINT``: the mean of checkpoints' weights.

Branches of one run, whose rates fell to zero at different steps, lie close enough together for
their mean to be a network, sometimes a better one. Its quality head is to be fitted anew
(`training.quality`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import Tensor, nn

from napari_fcfi.checkpoints import Card, load_network

from .evaluation.errors import UserError
from .failures import TOLD, leave
from .written import write_and_say


def mean_weights(networks: list[nn.Module]) -> dict[str, Tensor]:
    """The mean of each parameter and buffer of networks of one architecture."""
    states = [network.state_dict() for network in networks]
    return {
        name: torch.stack([state[name] for state in states]).double().mean(dim=0).to(value.dtype)
        for name, value in states[0].items()
    }


def mean_card(cards: list[Card]) -> Card:
    """The first card, with what all were trained on.

    Raises
    ------
    UserError
        When architectures, licences or terms differ.
    """
    first = cards[0]
    for field in ("architecture", "licence", "terms"):
        values = [getattr(card, field) for card in cards]
        if any(value != values[0] for value in values):
            raise UserError(
                f"Expected checkpoints of one {field}; got {', '.join(map(repr, values))}: choose "
                "branches of one run."
            )
    ratios = {card.expansion_ratio for card in cards}
    return first.model_copy(
        update={
            "training": "mean of: " + " / ".join(card.training for card in cards),
            "data": tuple(dict.fromkeys(name for card in cards for name in card.data)),
            "figures": {},
            "expansion_ratio": first.expansion_ratio if len(ratios) == 1 else None,
        }
    )


def main(
    output: Annotated[Path, typer.Argument(help="Checkpoint to write (.safetensors).")],
    checkpoints: Annotated[list[str], typer.Argument(help="Checkpoints of one architecture.")],
) -> None:
    """Write the mean of checkpoints' weights and, beside it, its card."""
    try:
        loaded = [load_network(checkpoint) for checkpoint in checkpoints]
        card = mean_card([card for _, card in loaded]).model_copy(update={"name": output.stem})
        network = loaded[0][0]
        network.load_state_dict(mean_weights([network for network, _ in loaded]))
        write_and_say(output, network, card)
    except TOLD as error:
        leave(error)
    except OSError as error:
        leave(f"Expected to write {output}; got {error}: put that right and call this again.")


if __name__ == "__main__":
    typer.run(main)
