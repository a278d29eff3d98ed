#!/usr/bin/env bash
# Installs what the tests need from Debian or Ubuntu.
set -euo pipefail

missing=()
command -v chromium >/dev/null || missing+=(chromium)
# Mitsuba compiles its kernels with LLVM, and aborts with the 14 and 15 that Debian 12 prefers.
ldconfig -p | grep -q 'libLLVM[-.]\(so\.\)\?19' || missing+=(libllvm19)
[ ${#missing[@]} -gt 0 ] || { echo "setup-system: nothing to do"; exit 0; }

as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
