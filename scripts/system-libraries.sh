#!/usr/bin/env bash
# Installs the system libraries that napari's windows need on Linux, and a virtual display where it is
# asked for; where it may not install, one line names what to install.
#
#   scripts/system-libraries.sh             what a window needs
#   scripts/system-libraries.sh --virtual   and a virtual display with a mouse and keyboard to drive it
set -euo pipefail

[ "$(uname -s)" = Linux ] || exit 0

packages=(
  libegl1 libgl1 libgl1-mesa-dri libglib2.0-0 libfontconfig1 libdbus-1-3 libx11-xcb1
  libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0
  libxcb-render-util0 libxcb-shape0 libxcb-xkb1
)
if [ "${1:-}" = --virtual ]; then
  packages+=(xvfb xauth xdotool)
fi

if ! command -v dpkg-query >/dev/null; then
  echo "Not a Debian-like system: if a window does not open, install its counterparts of: ${packages[*]}"
  exit 0
fi

# A renamed package (libglib2.0-0t64) still provides the old name, so both fields are looked at.
present=$(dpkg-query -W -f '${db:Status-Status} ${Package}, ${Provides}\n' | sed -n 's/^installed //p' |
  sed 's/ ([^)]*)//g' | tr -d ' ' | tr ',' '\n' | sort -u)
missing=()
for package in "${packages[@]}"; do
  grep -qxF "$package" <<<"$present" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" = 0 ]; then
  as_root=(env DEBIAN_FRONTEND=noninteractive)
elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
  as_root=(sudo env DEBIAN_FRONTEND=noninteractive)
else
  echo "Please have these system packages installed: ${missing[*]}"
  exit 0
fi
if ! { "${as_root[@]}" apt-get update -qq && "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; }; then
  echo "These system packages could not be installed, please install them: ${missing[*]}"
fi
