"""What things are made of, in terms that any renderer understands."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

Colour = tuple[float, float, float]
"""Linear sRGB reflectance in [0,1], or radiance."""
Texture = Float32[np.ndarray, "h w _"]
"""Linear values; the first row is v = 0."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """An opaque surface after Burley's principled model (SIGGRAPH course 2012).

    It has the same two sides, and its textures repeat beyond [0,1].
    """

    colour: Colour | Texture
    """Linear sRGB reflectance."""
    roughness: float | Texture = 0.6
    specular: float = 0.4
    metallic: float = 0.0
    sheen: float = 0.0
    clearcoat: float | Texture = 0.0
    clearcoat_gloss: float = 0.8
    bump: Texture | None = None
    """Height in centimetres."""


@dataclass(frozen=True, kw_only=True)
class HairFibre:
    """A hair after Chiang et al. 2016: pigments inside, tilted scales outside."""

    eumelanin: float
    """Concentration of the brown to black pigment: 0.1 light blond, 1 brown, 3 black."""
    pheomelanin: float
    """Concentration of the red pigment."""


@dataclass(frozen=True, kw_only=True)
class Glass:
    """A thin clear pane that reflects at its surfaces and does not bend light: a lens."""

    tint: Colour = (1.0, 1.0, 1.0)
    """Transmittance."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Glow:
    """A surface that shines by itself with the room's light: a window, a lamp, a screen."""

    radiance: Colour | Texture
    """Linear; 1 is about as bright as white paper under the room's light."""


Surface = Material | HairFibre | Glass | Glow
