#!/usr/bin/env bash
# Installs what the tests and the synthetic studio need from Debian or Ubuntu.
set -euo pipefail

missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v adb >/dev/null || missing+=(adb)
# Mitsuba compiles its kernels with LLVM, and aborts with the 14 and 15 that Debian 12 prefers.
PATH="$PATH:/sbin" ldconfig -p | grep -q 'libLLVM[-.]\(so\.\)\?19' || missing+=(libllvm19)
[ ${#missing[@]} -gt 0 ] || { echo "setup-system: nothing to do"; exit 0; }

as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
"${as_root[@]}" apt-get update -qq
for package in "${missing[@]}"; do
  "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$package" ||
    echo "setup-system: $package cannot be had here; the tests that need it will say so" >&2
done
