"""The manifest: made from the settings, found by napari, and complete."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import npe2
import pytest
import yaml

from napari_fcfi.plugin.preferences import configurations

ROOT = Path(__file__).parents[2]


@pytest.fixture
def manifest() -> npe2.PluginManifest:
    return npe2.PluginManifest.from_file(files("napari_fcfi") / "napari.yaml")


def test_the_configurations_are_those_of_the_settings() -> None:
    text = (files("napari_fcfi") / "napari.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["contributions"]["configurations"] == configurations()


def test_the_panel_is_the_only_widget_and_stands_in_the_segment_menu(manifest) -> None:
    (widget,) = manifest.contributions.widgets
    assert widget.display_name == "Segment"
    items = manifest.contributions.menus["napari/layers/segment"]
    assert widget.command in [item.command for item in items]


def test_every_command_can_be_imported(manifest) -> None:
    for command in manifest.contributions.commands:
        assert callable(_load(command.python_name)), command.id


def _load(python_name: str) -> object:
    from importlib import import_module

    module, name = python_name.split(":")
    return getattr(import_module(module), name)


def test_the_manifest_in_the_root_is_a_link_to_the_one_in_the_package() -> None:
    link = ROOT / "napari.yaml"
    assert link.is_symlink()
    assert link.readlink() == Path("src/napari_fcfi/napari.yaml")


def test_importing_the_panel_loads_no_torch() -> None:
    import subprocess
    import sys

    code = "import sys, napari_fcfi.plugin.panel; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.gui
def test_the_menu_opens_the_panel(make_napari_viewer, fake_loader) -> None:
    from napari._app_model import get_app_model

    viewer = make_napari_viewer()
    menu = get_app_model().menus.get_menu("napari/layers/segment")
    ours = [item.command for item in menu if "fcfi" in getattr(item.command, "id", "")]
    assert len(ours) == 1
    get_app_model().commands.execute_command(ours[0].id)
    assert any("Segment" in name for name in viewer.window.dock_widgets)


@pytest.mark.gui
def test_the_menu_opens_no_second_panel_beside_one_of_the_command_line(
    make_napari_viewer, fake_loader
) -> None:
    from napari._app_model import get_app_model

    viewer = make_napari_viewer()
    viewer.window.add_plugin_dock_widget("napari-fcfi")  # as `napari -w` does
    get_app_model().commands.execute_command("napari-fcfi.segment")
    assert [name for name in viewer.window.dock_widgets if "Segment" in name] == [
        "Segment (napari-fcfi)"
    ]


@pytest.mark.gui
def test_our_settings_have_a_page_in_naparis_preferences() -> None:
    from napari.settings import get_plugin_settings

    group = get_plugin_settings("napari-fcfi").segment
    assert group.expansion_ratio == pytest.approx(0.3)
    with pytest.raises(ValueError, match="expansion_ratio"):
        group.expansion_ratio = 7.0
