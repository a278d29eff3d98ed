"""Sampling the lamps of a scene, and meeting them by chance, as vectorised expressions."""

from typing import Any, NamedTuple

from deepflash.synth.lights import Lamp

FAR = 1e5
"""Where nothing is hit, in centimetres."""


class Sampled(NamedTuple):
    """A direction towards a light from each of many points."""

    direction: Any
    distance: Any
    radiance: Any
    """0 where the light faces away."""
    density: Any
    """Of the direction, by solid angle."""


class LightSampler:
    """One light: a lamp, or light from everywhere (`lamp` None)."""

    def __init__(self, mi: Any, lamp: Lamp | None) -> None:
        import drjit as dr

        self.mi, self.lamp = mi, lamp
        self.dr: Any = dr
        if lamp is not None:
            self.centre, self.across, self.up, self.normal = (
                vector(mi, v) for v in (lamp.centre, lamp.across, lamp.up, lamp.normal)
            )
            self.radiance = dr.opaque(mi.Float, lamp.radiance)
            self.area = dr.opaque(mi.Float, lamp.area)
            self.along_across = vector(mi, lamp.across / (lamp.across @ lamp.across))
            self.along_up = vector(mi, lamp.up / (lamp.up @ lamp.up))

    def sample(self, si: Any, square: Any) -> Sampled:
        """Returns a direction for two random numbers in [0,1) at surface points."""
        dr, mi = self.dr, self.mi
        if self.lamp is None:
            local = mi.warp.square_to_cosine_hemisphere(square)
            direction = si.sh_frame.to_world(local)
            return Sampled(direction, mi.Float(FAR), mi.Float(1), local.z / dr.pi)
        point = self.centre + (square.x - 0.5) * self.across + (square.y - 0.5) * self.up
        away = point - si.p
        squared = dr.squared_norm(away)
        direction = away / dr.sqrt(squared)
        facing = -dr.dot(direction, self.normal)
        radiance = dr.select(facing > 1e-4, self.radiance, 0)
        density = squared / dr.maximum(facing * self.area, 1e-8)
        return Sampled(direction, dr.sqrt(squared), radiance, density)

    def met_by(self, ray: Any, distance: Any, normal: Any) -> tuple[Any, Any]:
        """Returns the radiance that a ray meets before `distance`, and the density of `sample`.

        Args:
            ray: from surface points.
            distance: to what the ray hits, `FAR` if nothing.
            normal: shading normals of the surface points.
        """
        dr, mi = self.dr, self.mi
        if self.lamp is None:
            density = dr.maximum(dr.dot(ray.d, normal), 0) / dr.pi
            return dr.select(distance >= FAR, mi.Float(1), 0), density
        facing = -dr.dot(ray.d, self.normal)
        t = dr.dot(ray.o - self.centre, self.normal) / dr.maximum(facing, 1e-8)
        offset = ray.o + t * ray.d - self.centre
        inside = dr.abs(dr.dot(offset, self.along_across)) < 0.5
        inside &= dr.abs(dr.dot(offset, self.along_up)) < 0.5
        met = inside & (facing > 1e-4) & (t > 1e-3) & (t < distance)
        density = t * t / dr.maximum(facing * self.area, 1e-8)
        return dr.select(met, self.radiance, 0), density


def vector(mi: Any, values: Any) -> Any:
    """Returns three numbers as a vector that is no constant of the compiled kernel."""
    import drjit as dr

    result = mi.Vector3f([float(v) for v in values])
    dr.make_opaque(result)
    return result


def balance(dr: Any, first: Any, second: Any) -> Any:
    """Returns the power heuristic's weight of a sample of density `first`."""
    squared = first * first
    return dr.select(squared > 0, squared / (squared + second * second), 0)
