"""A path tracer that renders every light of a scene in one pass, each into a layer of its own.

Camera rays, surfaces and bounces are shared by all lights; only the shadow rays differ. Where a
camera ray lands, every light is sampled; where it bounces to, a few are chosen at random. Light
that comes from sampling a lamp and light that comes from hitting it are weighted by the balance
of their densities (Veach and Guibas, SIGGRAPH 1995, power heuristic).
"""

from typing import Any

import numpy as np
from jaxtyping import Int

from deepflash.synth.eyes import LIMBUS
from deepflash.synth.layout import LAYERS
from deepflash.synth.light_sampling import FAR, LightSampler, balance, vector
from deepflash.synth.lights import Lamp
from deepflash.synth.renderer import mitsuba
from deepflash.synth.scene import LABELS, Scene

_ROOM, _SURROUND = LAYERS.index("room"), LAYERS.index("surround")
_MASKS = ("skin", "eyes", "hair", "clothes")
_BOUNCE_LIGHTS = 2
_LENS_REFLECTANCE = 0.04
# A single path brighter than so many white papers is a glint that no display shows anyway.
_BRIGHTEST = 40.0


class Tracer:
    """One pass of a few samples a pixel, as one kernel.

    Args:
        scene: see `build_scene`.
        lamps: of every layer but `surround`.
        size: width and height in pixels.
        pixels: which of them to trace, as numbers in row order.
        samples: paths a pixel.
        seed: of the samples.
        pupil: radius of the pupils as a share of the iris's, for their mask.
        device: `cpu` or `cuda`.
    """

    def __init__(
        self,
        scene: Scene,
        lamps: dict[str, Lamp],
        *,
        size: int,
        pixels: Int[np.ndarray, " n"],
        samples: int,
        seed: int,
        pupil: float,
        device: str,
    ) -> None:
        self.mi = mitsuba(device)
        import drjit as dr

        self.dr: Any = dr
        self.scene = scene
        self.lights = [LightSampler(self.mi, lamps.get(name)) for name in LAYERS]
        self.samples = samples
        self.size = dr.opaque(self.mi.Float, size)
        self.pixels = self.mi.UInt32(pixels.astype(np.uint32))
        self.pupil = dr.opaque(self.mi.Float, LIMBUS * pupil)
        self.sampler = self.mi.load_dict({"type": "independent"})
        self.sampler.seed(seed, len(pixels) * samples)
        self.context = self.mi.BSDFContext()
        self.layers = [self.mi.Color3f(0) for _ in LAYERS]
        self.irradiance = [self.mi.Float(0) for _ in LAYERS]

    def run(self) -> dict[str, list[Any]]:
        """Traces; returns means over each pixel's samples, as planes by name."""
        dr = self.dr
        ray = self._camera_rays()
        si = self._intersect(ray, True)
        hit = si.is_valid()
        seen = self._through_lenses(ray, dr.select(hit, si.t, FAR))
        self.layers[_SURROUND] += dr.select(hit, 0, seen)
        self._add_glow(si, seen, hit)
        views = self._features(si, ray, hit)
        bsdf = si.bsdf(ray)
        for index in range(len(LAYERS)):
            self._light(index, si, bsdf, hit, seen, views["skin"])
        self._bounce(si, bsdf, hit, seen)
        self.layers = [self._tamed(layer) for layer in self.layers]
        # In one go: evaluated one by one, each plane would run the whole kernel again.
        dr.eval(self.layers, self.irradiance, views)
        return self._means(views)

    def _intersect(self, ray: Any, coherent: bool, active: Any = True) -> Any:
        """Returns surface points; surfaces but hair are turned towards the ray."""
        dr, mi = self.dr, self.mi
        si = self.scene.mitsuba.ray_intersect(ray, mi.RayFlags.All, coherent, active)
        turned = si.is_valid() & (si.wi.z < 0) & (self._label(si) != LABELS.index("hair"))
        frame = mi.Frame3f(-si.sh_frame.n)
        si.sh_frame = dr.select(turned, frame, si.sh_frame)
        si.n = dr.select(turned, -si.n, si.n)
        si.wi = dr.select(turned, frame.to_local(-ray.d), si.wi)
        return si

    def _label(self, si: Any) -> Any:
        number = self.dr.reinterpret_array(self.mi.UInt32, si.shape)
        return self.dr.gather(self.mi.UInt32, self.scene.label_of_shape, number, si.is_valid())

    def _camera_rays(self) -> Any:
        dr, mi, camera = self.dr, self.mi, self.scene.camera
        path = dr.arange(mi.UInt32, dr.width(self.pixels) * self.samples)
        pixel = dr.gather(mi.UInt32, self.pixels, path // self.samples)
        at, columns = self.sampler.next_2d(), mi.UInt32(self.size)
        x = (mi.Float(pixel % columns) + at.x) / self.size * 2 - 1
        y = 1 - (mi.Float(pixel // columns) + at.y) / self.size * 2
        half = dr.opaque(mi.Float, camera.frame_cm / 2 / camera.distance_cm)
        right, up, ahead = (vector(mi, axis) for axis in camera.axes())
        direction = dr.normalize(ahead + half * (x * right + y * up))
        return mi.Ray3f(mi.Point3f(vector(mi, camera.at)), direction)

    def _through_lenses(self, ray: Any, distance: Any) -> Any:
        """Adds what lenses of glasses mirror; returns how much is seen through them."""
        dr, mi = self.dr, self.mi
        lens = self.scene.lenses.ray_intersect(ray)
        front = lens.is_valid() & (lens.t < distance)
        facing = dr.abs(dr.dot(ray.d, lens.n))
        once = _LENS_REFLECTANCE + (1 - _LENS_REFLECTANCE) * (1 - facing) ** 5
        mirrored = 2 * once / (1 + once)  # at both surfaces, back and forth
        away = lens.spawn_ray(ray.d - 2 * dr.dot(ray.d, lens.n) * lens.n)
        shown = front & ~self.scene.mitsuba.ray_test(away, active=front)
        for index, light in enumerate(self.lights):
            radiance, _ = light.met_by(away, mi.Float(FAR), lens.n)
            self.layers[index] += dr.select(shown, mirrored * radiance, 0)
        tint = mi.Color3f(vector(mi, self.scene.lens_tint))
        return dr.select(front, tint * (1 - mirrored), 1)

    def _features(self, si: Any, ray: Any, hit: Any) -> dict[str, Any]:
        dr, mi = self.dr, self.mi
        label, one = self._label(si), mi.Float(1)
        views = {name: dr.select(hit & (label == LABELS.index(name)), one, 0) for name in _MASKS}
        views["person"] = dr.select(hit & (label != LABELS.index("background")), one, 0)
        away = dr.norm(si.uv - mi.Point2f(0.5, 0.5))
        views["pupils"] = dr.select(away < self.pupil, views["eyes"], 0)
        skin = views["skin"] > 0
        normal = dr.select(skin, self._bumped(si, skin), si.sh_frame.n)
        views["normal"] = dr.select(hit, normal, 0)
        views["albedo"] = dr.select(hit, si.bsdf(ray).eval_diffuse_reflectance(si, hit), 0)
        return views

    def _bumped(self, si: Any, skin: Any) -> Any:
        dr, n = self.dr, si.sh_frame.n
        slope = self.scene.skin_bump.eval_1_grad(si, skin)
        along_u = si.dp_du + n * (slope.x - dr.dot(n, si.dp_du))
        along_v = si.dp_dv + n * (slope.y - dr.dot(n, si.dp_dv))
        bumped = dr.normalize(dr.cross(along_u, along_v))
        return dr.select(dr.dot(bumped, n) < 0, -bumped, bumped)

    def _add_glow(self, si: Any, throughput: Any, active: Any) -> None:
        """Adds what shines by itself to the room's layer."""
        emitter = si.emitter(self.scene.mitsuba)
        self.layers[_ROOM] += self.dr.select(active, throughput * emitter.eval(si, active), 0)

    def _hidden(self, si: Any, direction: Any, distance: Any, active: Any) -> Any:
        ray = si.spawn_ray(direction)
        ray.maxt = distance * (1 - 1e-4)
        return self.scene.mitsuba.ray_test(ray, active=active)

    def _light(self, index: int, si: Any, bsdf: Any, active: Any, seen: Any, skin: Any) -> None:
        """Lights what the camera sees by one light."""
        dr = self.dr
        to = self.lights[index].sample(si, self.sampler.next_2d())
        active = active & (to.radiance > 0) & (to.density > 0)
        active &= ~self._hidden(si, to.direction, to.distance, active)
        local = si.to_local(to.direction)
        value, density = bsdf.eval_pdf(self.context, si, local, active)
        incoming = dr.select(active, to.radiance / to.density, 0)
        self.layers[index] += seen * value * (incoming * balance(dr, to.density, density))
        reaching = incoming * dr.maximum(local.z, 0) / dr.pi
        self.irradiance[index] += reaching * skin * seen.y

    def _bounce(self, si: Any, bsdf: Any, active: Any, seen: Any) -> None:
        """Follows one bounce: lamps that it meets, and the light where it lands."""
        dr = self.dr
        drawn, weight = bsdf.sample(
            self.context, si, self.sampler.next_1d(), self.sampler.next_2d(), active
        )
        active = active & (drawn.pdf > 0) & (dr.max(weight) > 0)
        weight = dr.select(active, seen * weight, 0)
        ray = si.spawn_ray(si.to_world(drawn.wo))
        after = self._intersect(ray, False, active)
        distance = dr.select(after.is_valid(), after.t, FAR)
        for index, light in enumerate(self.lights):
            radiance, density = light.met_by(ray, distance, si.sh_frame.n)
            self.layers[index] += weight * (radiance * balance(dr, drawn.pdf, density))
        active &= after.is_valid()
        self._add_glow(after, weight, active)
        self._light_some(after, after.bsdf(ray), weight, active)

    def _light_some(self, si: Any, bsdf: Any, throughput: Any, active: Any) -> None:
        """Lights the end of a bounce by a few lights, each standing for all."""
        dr, mi, count = self.dr, self.mi, len(LAYERS)
        for _ in range(_BOUNCE_LIGHTS):
            chosen = mi.UInt32(dr.minimum(self.sampler.next_1d() * count, count - 1))
            square = self.sampler.next_2d()
            to = self.lights[0].sample(si, square)
            for index in range(1, count):
                other = self.lights[index].sample(si, square)
                here = chosen == index
                to = type(to)(*(dr.select(here, b, a) for a, b in zip(to, other, strict=True)))
            lit = active & (to.radiance > 0) & (to.density > 0)
            lit &= ~self._hidden(si, to.direction, to.distance, lit)
            value = bsdf.eval(self.context, si, si.to_local(to.direction), lit)
            share = to.radiance / to.density * (count / _BOUNCE_LIGHTS)
            added = dr.select(lit, throughput * value * share, 0)
            for index in range(count):
                self.layers[index] += dr.select(chosen == index, added, 0)

    def _tamed(self, colour: Any) -> Any:
        dr = self.dr
        largest = dr.max(colour)
        fitting = colour * dr.minimum(1, _BRIGHTEST / dr.maximum(largest, 1e-6))
        return dr.select(dr.isfinite(largest), fitting, 0)

    def _means(self, views: dict[str, Any]) -> dict[str, list[Any]]:
        dr = self.dr

        def mean(value: Any) -> Any:
            return dr.block_sum(value, self.samples) / self.samples

        planes = {
            "layers": [mean(c) for colour in self.layers for c in (colour.x, colour.y, colour.z)],
            "irradiance": [mean(value) for value in self.irradiance],
        }
        for name, value in views.items():
            vectors = name in ("albedo", "normal")
            planes[name] = [mean(c) for c in ((value.x, value.y, value.z) if vectors else (value,))]
        dr.eval(planes)
        return planes
