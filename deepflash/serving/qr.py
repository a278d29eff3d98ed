"""The phone's address as a QR code."""

import io

import segno


def terminal_code(url: str) -> str:
    """Returns the code as lines of text, two rows of modules in each."""
    out = io.StringIO()
    segno.make(url, error="m", micro=False).terminal(out, border=2, compact=True)
    return out.getvalue()


def svg_code(url: str, scale: int = 8) -> bytes:
    """Returns the code as an SVG picture, dark on white, `scale` units a module."""
    out = io.BytesIO()
    segno.make(url, error="m", micro=False).save(
        out, kind="svg", scale=scale, border=4, dark="#000", light="#fff"
    )
    return out.getvalue()
