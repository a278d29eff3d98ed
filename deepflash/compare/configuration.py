"""What differs between the configurations of several runs."""

import json
from collections.abc import Sequence
from typing import Any

# How a run is called, where it lies and where it is recorded never explains a figure.
_IDENTITY = "run."


def flatten(config: object, prefix: str = "") -> dict[str, str]:
    """Returns the leaves of a nested configuration by dotted name, each as JSON text.

    Items of a list are named by their position. Empty dictionaries and lists are leaves.
    """
    if isinstance(config, dict) and config:
        children = config.items()
    elif isinstance(config, list) and config:
        children = enumerate(config)
    else:
        return {prefix: json.dumps(config, ensure_ascii=False, default=str)}
    leaves: dict[str, str] = {}
    for key, value in children:
        leaves |= flatten(value, f"{prefix}.{key}" if prefix else str(key))
    return leaves


def differences(configs: Sequence[dict[str, Any]]) -> dict[str, list[str | None]]:
    """Returns the dotted names whose values are not the same everywhere, in sorted order.

    The section `run` (name, version, folder, W&B identity) is left out.

    Each name has one value per configuration, as JSON text; None where it does not exist.
    """
    flat = [flatten(config) for config in configs]
    names = sorted({name for leaves in flat for name in leaves if not name.startswith(_IDENTITY)})
    values = {name: [leaves.get(name) for leaves in flat] for name in names}
    return {name: row for name, row in values.items() if len(set(row)) > 1}
