"""The script of system libraries: what it installs, and what it says where it may not."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "system-libraries.sh"
TOOLS = ("bash", "env", "grep", "sed", "sort", "tr", "uname")

# What a Debian of today has: a package under a new name that provides the old one.
WINDOW_LIBRARIES = """\
installed libegl1, libgl1, libgl1-mesa-dri, libfontconfig1, libdbus-1-3
installed libx11-xcb1, libxkbcommon-x11-0
installed libglib2.0-0t64, libglib2.0-0 (= 2.84)
installed libxcb-cursor0, libxcb-icccm4, libxcb-image0, libxcb-keysyms1, libxcb-randr0
installed libxcb-render-util0, libxcb-shape0, libxcb-xkb1
config-files xvfb, xauth
"""

Command = Callable[..., str]


@pytest.fixture
def machine(tmp_path: Path) -> Command:
    """A function that runs the script on a machine with these packages, user and commands."""

    def run(*options: str, packages: str = WINDOW_LIBRARIES, user: int, sudo: bool = False) -> str:
        for tool in TOOLS:
            (tmp_path / tool).symlink_to(str(shutil.which(tool)))
        (tmp_path / "packages").write_text(packages)
        fakes = {
            "dpkg-query": f"while read -r line; do echo $line; done < {tmp_path}/packages",
            "id": f"echo {user}",
            "apt-get": f'echo "apt-get $*" >> {tmp_path}/done',
        }
        if sudo:
            fakes["sudo"] = '[ "$1" = -n ] && exit; "$@"'
        for name, body in fakes.items():
            (tmp_path / name).write_text(f"#!{tmp_path}/bash\n{body}\n")
            (tmp_path / name).chmod(0o755)
        done = subprocess.run(
            [SCRIPT, *options],
            env={"PATH": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    return run


@pytest.fixture
def installs(tmp_path: Path) -> Callable[[], list[str]]:
    """A function that gives the calls of apt-get."""

    def read() -> list[str]:
        done = tmp_path / "done"
        return done.read_text().splitlines() if done.exists() else []

    return read


def test_nothing_is_done_where_everything_is_there(
    machine: Command, installs: Callable[[], list[str]]
) -> None:
    assert machine(user=0) == ""
    assert installs() == []


@pytest.mark.parametrize(("user", "sudo"), [(0, False), (1000, True)])
def test_what_is_missing_is_installed_by_root_or_sudo(
    machine: Command, installs: Callable[[], list[str]], user: int, sudo: bool
) -> None:
    assert machine("--virtual", user=user, sudo=sudo) == ""
    update, install = installs()
    assert update.startswith("apt-get update")
    assert install.endswith(" xvfb xauth xdotool")


def test_one_line_names_what_is_missing_where_nothing_may_be_installed(
    machine: Command, installs: Callable[[], list[str]]
) -> None:
    printed = machine("--virtual", user=1000)
    assert printed == "Please have these system packages installed: xvfb xauth xdotool\n"
    assert installs() == []
