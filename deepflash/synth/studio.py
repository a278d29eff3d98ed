"""A person in a view, as pieces to render and as rendered layers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from deepflash.synth.accessories.hats import hat_covers
from deepflash.synth.accessories.wear import wear
from deepflash.synth.backdrops.furnish import furnish
from deepflash.synth.clothes.dress import dress, surface_samples
from deepflash.synth.denoise import denoise
from deepflash.synth.eyes import Eyes, eye_material
from deepflash.synth.geometry import Piece, PosedHead
from deepflash.synth.hair.grow import grow_hair
from deepflash.synth.hair.scalp import beard_tint, brow_tint, scalp_tint
from deepflash.synth.hair.style import hair_colour
from deepflash.synth.head import HeadRig
from deepflash.synth.layout import LAYERS, MASKS
from deepflash.synth.lens import Camera
from deepflash.synth.lights import HEAD, lamps
from deepflash.synth.materials import Material
from deepflash.synth.person import Person
from deepflash.synth.render import Rendered, render
from deepflash.synth.scene import build_scene
from deepflash.synth.skin_maps import Undertones, skin_material
from deepflash.synth.subsurface import scatter
from deepflash.synth.view import View

_RED = np.array([0.55, 0.055, 0.025], np.float32)
"""What the back of the eye returns of a flash, relative to white paper."""
_TEETH = Material(colour=(0.62, 0.56, 0.46), roughness=0.25, specular=0.5)
_GUMS = Material(colour=(0.32, 0.09, 0.08), roughness=0.3, specular=0.5)
# The largest part of a picture that one hair may fill before fewer and thicker ones do as well.
_FULL_DETAIL_PX_PER_CM = 14.0


@dataclass(frozen=True, kw_only=True)
class Quality:
    """What a picture costs."""

    size: int = 512
    """Width and height in pixels."""
    samples: int = 16
    """Paths a pixel."""
    denoised: bool = True
    layers: tuple[str, ...] = LAYERS
    """Which layers are wanted; the others stay noisy."""


@dataclass(frozen=True, eq=False)
class Shot:
    """One view, rendered: the layers of `LAYERS` and the masks of `MASKS`."""

    layers: Float32[np.ndarray, "layers h w 3"]
    masks: dict[str, Float32[np.ndarray, "h w"]]
    skin_reflectance: float
    """Mean over the channels of the skin's linear reflectance."""


class Studio:
    """Photographs people with one head model.

    Args:
        rig: see `HeadRig`.
        device: `cpu` or `cuda`.
    """

    def __init__(self, rig: HeadRig, *, device: str = "cpu") -> None:
        self.rig = rig
        self.device = device
        self._skin: tuple[Person, Material] | None = None

    def shoot(self, person: Person, view: View, quality: Quality) -> Shot:
        """Renders one view of a person under every light.

        Raises:
            StudioError: the renderer or the denoiser is missing.
        """
        pieces = self.pieces(person, view, size=quality.size)
        return self.develop(self.render(pieces, view, quality), person, view, quality)

    def pieces(self, person: Person, view: View, *, size: int) -> list[Piece]:
        """Returns all that is in the picture."""
        return [*self.figure(person, view, size=size), *furnish(view.backdrop)]

    def figure(self, person: Person, view: View, *, size: int) -> list[Piece]:
        """Returns the person with hair, clothes and what they wear."""
        meshes = self.rig.pose(np.array(person.identity), view.pose)
        eyes = eye_material(Eyes(seed=person.seed, iris=person.iris, pupil=view.pupil))
        body = [
            Piece("skin", meshes.skin, self._skin_of(person), "skin"),
            Piece("eye_left", meshes.eye_left, eyes, "eyes"),
            Piece("eye_right", meshes.eye_right, eyes, "eyes"),
            Piece("teeth", meshes.teeth, _TEETH, "mouth"),
            Piece("gums", meshes.gums, _GUMS, "mouth"),
        ]
        clothes = dress(person.outfit, meshes.posed)
        worn = wear(person.accessories, meshes.posed)
        detail = min(1.0, size / view.camera.frame_cm / _FULL_DETAIL_PX_PER_CM)
        hair = self._hair(person, meshes.posed, clothes, detail=max(0.3, detail))
        return [*body, *clothes, *worn, *hair]

    def _hair(
        self, person: Person, head: PosedHead, clothes: Sequence[Piece], *, detail: float
    ) -> list[Piece]:
        return grow_hair(
            person.hair,
            head,
            hat=hat_covers(person.accessories),
            obstacles=surface_samples(list(clothes)),
            detail=detail,
        )

    def _skin_of(self, person: Person) -> Material:
        # Textures cost as much as a small picture, and a person has the same in every pose.
        if self._skin is None or self._skin[0] != person:
            points, style = self.rig.texel_rest, person.hair
            tones = Undertones(
                scalp=scalp_tint(style, points),
                beard=beard_tint(style, points),
                brows=brow_tint(style, points, self.rig.rest_landmarks),
                colour=hair_colour(style),
            )
            self._skin = person, skin_material(self.rig, person.skin, tones)
        return self._skin[1]

    def render(
        self,
        pieces: Sequence[Piece],
        view: View,
        quality: Quality,
        *,
        camera: Camera | None = None,
        seed: int = 0,
    ) -> Rendered:
        """Returns the raw layers of pieces, from the view's camera or another one."""
        scene = build_scene(pieces, camera or view.camera, device=self.device)
        right = view.camera.axes()[0]
        return render(
            scene,
            lamps(view.lighting, np.array(view.camera.at), right),
            size=quality.size,
            samples=quality.samples,
            seed=view.seed + seed,
            pupil=view.pupil,
            device=self.device,
        )

    def develop(
        self,
        raw: Rendered,
        person: Person,
        view: View,
        quality: Quality,
        *,
        camera: Camera | None = None,
    ) -> Shot:
        """Returns a rendered view with light below the skin, without noise, with red eyes."""
        camera = camera or view.camera
        mm_per_px = 10 * camera.frame_cm / quality.size
        layers = scatter(
            raw.layers, raw.irradiance, raw.albedo, raw.masks["skin"], mm_per_px=mm_per_px
        )
        if quality.denoised:
            wanted = [LAYERS.index(name) for name in quality.layers]
            layers[wanted] = denoise(layers[wanted], raw.albedo, raw.normal)
        flash = layers[LAYERS.index("flash")]
        if view.red_eyes:
            flash += view.red_eyes * raw.masks["pupils"][..., None] * _RED
        flash *= _falloff(view, camera, quality.size)[..., None]
        return Shot(
            layers,
            {name: raw.masks[name] for name in MASKS},
            float(np.mean(person.skin_reflectance)),
        )


def _falloff(view: View, camera: Camera, size: int) -> Float32[np.ndarray, "size size"]:
    """Returns how the flash weakens off its axis: seen from the phone, towards the edges."""
    half = np.float32(np.tan(np.radians(camera.field_deg / 2)))
    at = ((np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size) * 2 - 1) * half
    right, up, ahead = (axis.astype(np.float32) for axis in camera.axes())
    rays = ahead + at[None, :, None] * right - at[:, None, None] * up
    axis = np.array(HEAD) - np.array(camera.at)
    axis = (axis / np.linalg.norm(axis)).astype(np.float32)
    cosine = (rays @ axis) / np.linalg.norm(rays, axis=-1)
    return (np.clip(cosine, 0, 1) ** view.lighting.flash_falloff).astype(np.float32)
