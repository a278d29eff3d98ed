"""Faces as the page's modules take them."""

from typing import Any

from deepflash.faces.finder import Face


def sent(face: Face) -> dict[str, Any]:
    return {
        "points": face.points.ravel(),
        "score": face.score,
        "box": list(face.box),
        "depth": face.depth,
    }
