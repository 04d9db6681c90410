"""A wheel, an sdist and an environment with the wheel installed, made once for all tests here."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist of this checkout and the wheel built from that, without network."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, CHECKOUT]
    subprocess.run(build, check=True, capture_output=True, text=True)
    return folder


@pytest.fixture(scope="session")
def wheel(release: Path) -> Path:
    """The wheel."""
    (path,) = release.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def sdist(release: Path) -> Path:
    """The source distribution."""
    (path,) = release.glob("*.tar.gz")
    return path


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of a fresh environment that holds the wheel.

    The packages it depends on are those of the running interpreter, seen through a path file; the
    checkout is not seen, because path files of a folder named in a path file are not read.
    """
    root = tmp_path_factory.mktemp("environment")
    venv.create(root, with_pip=False, symlinks=True)
    python = root / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps"]
    subprocess.run([*install, "--no-index", wheel], check=True, capture_output=True)
    site_packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(root)}))
    (site_packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return python.parent


@pytest.fixture
def isolated_home(tmp_path: Path) -> dict[str, str]:
    """This process's environment variables with a home and napari settings of their own."""
    home = tmp_path / "home"
    home.mkdir()
    return {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
        "NAPARI_CONFIG": str(home / "napari" / "settings.yaml"),
    }


@pytest.fixture
def python(tmp_path: Path) -> Callable[[str], str]:
    """A function that runs source code in a fresh interpreter and gives back what it printed."""

    def run(source: str) -> str:
        program = [sys.executable, "-c", source]
        done = subprocess.run(program, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
