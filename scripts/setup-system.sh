#!/usr/bin/env bash
# Installs what the tests need from Debian or Ubuntu.
set -euo pipefail

packages=(chromium)
missing=()
for package in "${packages[@]}"; do
  command -v "$package" >/dev/null || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || { echo "setup-system: nothing to do"; exit 0; }

as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
