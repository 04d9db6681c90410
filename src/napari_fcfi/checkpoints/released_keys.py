"""Tensor names: those of the authors' files, and those of the same tensors here.

Each table lists prefixes, the file's and ours, most special first. A name outside the tables is
passed on as it is, so that a message can show it.
"""

from __future__ import annotations

from collections.abc import Iterable

from napari_fcfi.network import PaperArchitecture

CLICK_STEM = {
    "maps_transform.0.": "click_stem.reduce.",
    "maps_transform.2.": "click_stem.spread.",
    "maps_transform.3.scale": "click_stem.scale",
}

HRNET = {
    f"feature_extractor.{part}.": f"backbone.body.{part}."
    for part in (
        *("conv1", "bn1", "conv2", "bn2", "layer1"),
        *("transition1", "stage2", "transition2", "stage3", "transition3", "stage4"),
    )
}

_CONTEXT = "feature_extractor.ocr_distri_head.object_context_block"

OCR = {
    "feature_extractor.aux_head.0.": "head.coarse.0.conv.",
    "feature_extractor.aux_head.1.": "head.coarse.0.norm.",
    "feature_extractor.aux_head.3.": "head.coarse.1.",
    "feature_extractor.conv3x3_ocr.0.": "head.pixels.conv.",
    "feature_extractor.conv3x3_ocr.1.": "head.pixels.norm.",
    f"{_CONTEXT}.f_pixel.0.": "head.query.0.conv.",
    f"{_CONTEXT}.f_pixel.1.0.": "head.query.0.norm.",
    f"{_CONTEXT}.f_pixel.2.": "head.query.1.conv.",
    f"{_CONTEXT}.f_pixel.3.0.": "head.query.1.norm.",
    f"{_CONTEXT}.f_object.0.": "head.key.0.conv.",
    f"{_CONTEXT}.f_object.1.0.": "head.key.0.norm.",
    f"{_CONTEXT}.f_object.2.": "head.key.1.conv.",
    f"{_CONTEXT}.f_object.3.0.": "head.key.1.norm.",
    f"{_CONTEXT}.f_down.0.": "head.down.conv.",
    f"{_CONTEXT}.f_down.1.0.": "head.down.norm.",
    f"{_CONTEXT}.f_up.0.": "head.up.conv.",
    f"{_CONTEXT}.f_up.1.0.": "head.up.norm.",
    "feature_extractor.ocr_distri_head.conv_bn_dropout.0.": "head.fuse.conv.",
    "feature_extractor.ocr_distri_head.conv_bn_dropout.1.0.": "head.fuse.norm.",
    "feature_extractor.cls_head.": "head.answer.",
}


def _separable(file: str, ours: str) -> dict[str, str]:
    """A separable block of DeepLabV3+'s heads."""
    parts = ("depthwise", "pointwise", "norm")
    return {f"{file}.body.{i}.": f"{ours}.{part}." for i, part in enumerate(parts)}


def _pyramid() -> dict[str, str]:
    names = {f"concurent.{i}": f"branches.{i}" for i in range(4)} | {"project": "project"}
    table = {}
    for file, ours in names.items():
        table[f"feature_extractor.aspp.{file}.0."] = f"backbone.pyramid.{ours}.conv."
        table[f"feature_extractor.aspp.{file}.1."] = f"backbone.pyramid.{ours}.norm."
    pooled = "feature_extractor.aspp.concurent.4.gap"
    table[f"{pooled}.1."] = "backbone.pyramid.mean.conv."
    table[f"{pooled}.2."] = "backbone.pyramid.mean.norm."
    return table


DEEPLAB = {
    "feature_extractor.backbone.": "backbone.body.",
    "feature_extractor.skip_project.skip_project.0.": "backbone.skip.conv.",
    "feature_extractor.skip_project.skip_project.1.": "backbone.skip.norm.",
    **_pyramid(),
    **_separable("feature_extractor.head.block.0", "head.fuse.0"),
    **_separable("feature_extractor.head.block.1", "head.fuse.1"),
    "feature_extractor.head.block.2.": "head.fuse.2.",
    **_separable("head.layers.0", "head.answer.0"),
    **_separable("head.layers.1", "head.answer.1"),
    "head.layers.2.": "head.answer.2.",
}


def _conv_norm(file: str, ours: str) -> dict[str, str]:
    """A convolution block of FFCM or CFFM."""
    return {f"{file}.conv.": f"{ours}.conv.", f"{file}.bn.": f"{ours}.norm."}


def _separable_norm(file: str, ours: str) -> dict[str, str]:
    """A separable block of FFCM or CFFM."""
    return {
        f"{file}.conv3x3.": f"{ours}.depthwise.",
        f"{file}.conv1x1.": f"{ours}.pointwise.",
        f"{file}.bn.": f"{ours}.norm.",
    }


FFCM = {
    **_conv_norm("info_encoder.0", "affinity_encoder.0"),
    **_separable_norm("info_encoder.1", "affinity_encoder.1"),
    **_separable_norm("info_encoder.2", "affinity_encoder.2"),
}
"""Below the FFCM's own prefix in the file."""

CFFM = {
    **_conv_norm("feature_conv", "cffm.encode"),
    **_conv_norm("fusion_encoder.0", "cffm.update.0"),
    **_separable_norm("fusion_encoder.1", "cffm.update.1"),
    **_separable_norm("fusion_encoder.2", "cffm.update.2"),
    "fusion_encoder.3.": "cffm.update.3.",
    **_conv_norm("residual_predictor", "cffm.fuse"),
}
"""Below the CFFM's own prefix in the file."""

FFCM_PREFIX = "feature_extractor.correction_module."
HRNET_CFFM_PREFIX = "feature_extractor.fusion_module."
DEEPLAB_CFFM_PREFIX = "feature_extractor.feedback_fusion."


class Names:
    """Both names of every tensor of one architecture.

    Parameters
    ----------
    architecture : PaperArchitecture
        Of a released file.
    """

    def __init__(self, architecture: PaperArchitecture) -> None:
        deeplab = architecture.name == "fcfi-resnet101"
        cffm_prefix = DEEPLAB_CFFM_PREFIX if deeplab else HRNET_CFFM_PREFIX
        table = CLICK_STEM | (DEEPLAB if deeplab else HRNET | OCR)
        if "ffcm" in architecture.feedback:
            table |= {FFCM_PREFIX + file: ours for file, ours in FFCM.items()}
            table |= {cffm_prefix + file: ours for file, ours in CFFM.items()}
        self._ours = table
        self._theirs = {ours: file for file, ours in table.items()}

    def ours(self, name: str) -> str:
        """Our name of a file's tensor."""
        return _renamed(name, self._ours)

    def theirs(self, name: str) -> str:
        """A file's name of our tensor."""
        return _renamed(name, self._theirs)


def looks_like_fcfi(names: Iterable[str]) -> bool:
    """Whether these are tensors of FCFI, not of RITM; the class in their config is the same."""
    return any(name.startswith(FFCM_PREFIX) for name in names)


def _renamed(name: str, table: dict[str, str]) -> str:
    for prefix, other in table.items():
        if name.startswith(prefix):
            return other + name.removeprefix(prefix)
    return name
