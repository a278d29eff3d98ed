#!/usr/bin/env bash
# Makes .venv from requirements.lock. Needs python3 (3.11 or newer); everything else it brings.
set -euo pipefail

python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "setup: python3 is $(python3 -V 2>&1); DeepFlash needs 3.11 or newer" >&2
  exit 2
}

# Debian and Ubuntu keep venv in a package of its own.
if ! python3 -c 'import ensurepip' 2>/dev/null; then
  if [ "$(id -u)" = 0 ]; then
    apt-get update -qq && apt-get install -y -qq python3-venv
  else
    echo "setup: python3-venv is missing; run: sudo apt-get install python3-venv" >&2
    exit 2
  fi
fi

[ -x .venv/bin/python ] || python3 -m venv .venv
if [ ! -x .venv/bin/uv ]; then
  # uv itself comes from the lock too, hash and all.
  awk '/^[a-z]/ { own = /^uv==/ } own' requirements.lock > .venv/uv.lock
  .venv/bin/python -m pip install --quiet --require-hashes -r .venv/uv.lock
fi
echo "setup: installing the locked packages into .venv (several GB with PyTorch)" >&2
.venv/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes requirements.lock
.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .
touch .venv/.ready
