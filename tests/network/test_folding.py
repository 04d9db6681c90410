"""Batch norm folded into convolutions."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from napari_fcfi.network import PaperNetwork, released_architecture
from napari_fcfi.network.clicks import interaction_map
from napari_fcfi.network.folding import fold_batch_norm
from tests.reference_weights import released_network


@pytest.mark.slow
@pytest.mark.parametrize("model", ["fcfi_hrnet18s_small", "fcfi_resnet101", "ritm_hrnet18s"])
def test_a_folded_network_has_no_batch_norm_and_gives_the_same(model: str) -> None:
    network = PaperNetwork(released_architecture(model.replace("_", "-"))).eval()
    network.load_state_dict(released_network(model).state_dict())
    image = torch.rand(1, 3, 61, 83, generator=torch.Generator().manual_seed(0))
    clicks = torch.tensor([[[20.0, 30.0, 1.0]]])
    maps, feedback = interaction_map(clicks, (61, 83)), torch.full((1, 1, 61, 83), 0.3)

    def logits() -> torch.Tensor:
        with torch.inference_mode():
            features = network.encode(image, maps, feedback)
            return network.decode(
                features, clicks, maps, feedback, clicks, torch.ones(1, 1, 1, 1)
            ).logits

    before = logits()
    fold_batch_norm(network)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in network.modules())
    torch.testing.assert_close(logits(), before, atol=1e-4, rtol=0)


def test_a_norm_after_a_row_of_layers_is_folded_into_its_last_convolution() -> None:
    torch.manual_seed(0)
    row = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 1, bias=False))
    layers = nn.Sequential(row, nn.BatchNorm2d(5), nn.ReLU()).eval()
    nn.init.uniform_(layers[1].running_mean)
    nn.init.uniform_(layers[1].running_var, 0.5, 2)
    x = torch.randn(1, 3, 8, 8)
    expected = layers(x)
    fold_batch_norm(layers)
    assert isinstance(layers[1], nn.Identity)
    torch.testing.assert_close(layers(x), expected, atol=1e-6, rtol=0)
