"""Light in scenes that can be worked out by hand, and against Mitsuba's own path tracer."""

import cv2
import drjit as dr
import numpy as np
import pytest

from deepflash.synth.geometry import Curves, Piece
from deepflash.synth.layout import LAYERS
from deepflash.synth.lens import Camera
from deepflash.synth.lights import HEAD, aimed, lamp_at
from deepflash.synth.materials import Glass, Glow, HairFibre, Material
from deepflash.synth.scene import build_scene
from tests.synth.simple_scenes import (
    CAMERA,
    LENS,
    SAMPLES,
    SIZE,
    all_lamps,
    meets_sphere,
    pane,
    pixel_rays,
    shoot,
    skin_of,
    sphere,
    trace,
    with_skin,
)

pytestmark = pytest.mark.usefixtures("renderer")

# Burley's diffuse part is Lambert's at this roughness where light returns to where it came from:
# FD90 = 0.5 + 2 roughness cos^2 = 1.
WHITE = Material(colour=(1.0, 1.0, 1.0), roughness=0.25, specular=0.0)
WHITE_SKIN = skin_of((1.0, 1.0, 1.0), roughness=0.25, specular=0.0)
GREY = Material(colour=(0.5, 0.5, 0.5), roughness=0.7, specular=0.4)
BLACK_MIRROR = Material(colour=(0.0, 0.0, 0.0), roughness=0.15, specular=0.8)


def wall(z=HEAD[2], size=40.0, material=WHITE, label="background", x=0.0):
    return Piece("wall", pane((x, 1.0, z), (size, 0, 0), (0, size, 0)), material, label)


BALL, RADIUS = HEAD, 5.0
# Mirrored by a pane half-way between lens and head, left of the middle.
BESIDE_LENS = aimed(np.array([-6.0, 1.0, 64.0]), (20.0, 20.0))
LARGE_NEAR = lamp_at(0.0, 0.0, 60.0, (50.0, 30.0))
WALL_LAMPS = {"key_left": BESIDE_LENS, "high": LARGE_NEAR}


@pytest.fixture(scope="module")
def before_wall():
    return shoot([wall()], lit=all_lamps(**WALL_LAMPS))


@pytest.fixture(scope="module")
def ball():
    return shoot([Piece("ball", sphere(BALL, RADIUS), WHITE_SKIN, "skin")])


def test_paper_has_radiance_one_and_darkens_by_the_fourth_power_of_the_cosine(
    before_wall,
):
    layers = before_wall[1]
    rays = pixel_rays(CAMERA)
    # Irradiance falls by cos / r^2 at the paper and by cos at the lamp, each cos = d / r.
    expected = (rays @ np.array([0.0, 0.0, -1.0])) ** 4
    found = layers["flash"].mean(-1)
    assert found[30:34, 30:34].mean() == pytest.approx(1, abs=0.005)
    assert np.abs(found / expected - 1).max() < 0.02
    assert found.mean() == pytest.approx(expected.mean(), rel=0.002)


def test_a_white_sphere_under_one_lamp_matches_the_analytic_value(ball):
    rendered, layers = ball
    points, normals = meets_sphere(CAMERA, BALL, RADIUS, pixel_rays(CAMERA, within=4))
    to_lamp = LENS - points
    squared = (to_lamp**2).sum(-1)
    # A lamp of radiance pi D^2 / A and area A at the distance D = 60 from the head's place.
    cosine = (normals * to_lamp).sum(-1) / np.sqrt(squared)
    at_lamp = to_lamp[..., 2] / np.sqrt(squared)
    expected = np.nan_to_num(60.0**2 * np.maximum(cosine, 0) * at_lamp / squared)
    expected = expected.reshape(SIZE, 4, SIZE, 4).mean((1, 3))
    found = layers["flash"].mean(-1)
    assert found.mean() == pytest.approx(expected.mean(), rel=0.005)
    coarse = [p.reshape(8, 8, 8, 8).mean((1, 3)) for p in (found, expected)]
    lit = coarse[1] > 0.2
    assert np.abs(coarse[0][lit] / coarse[1][lit] - 1).max() < 0.02
    # Where all of the pixel is skin, its light over pi times white is what comes back.
    inside = rendered.masks["skin"] == 1
    level = rendered.irradiance[LAYERS.index("flash")]
    assert level[inside].mean() == pytest.approx(found[inside].mean(), rel=0.01)


def test_a_large_lamp_near_by_lights_paper_less_than_a_point_of_its_flux_would(before_wall):
    x = (np.arange(400) + 0.5) / 400 * 50 - 25
    y = (np.arange(400) + 0.5) / 400 * 30 - 15
    squared = 60.0**2 + x[:, None] ** 2 + y[None] ** 2
    # The mean over the lamp of cos cos / r^2, in units of that of its middle.
    expected = float((60.0**4 / squared**2).mean())
    assert expected < 0.9
    assert before_wall[1]["high"][29:35, 29:35].mean() == pytest.approx(expected, rel=0.02)


def test_light_from_everywhere_leaves_a_white_sphere_as_bright_as_the_sky(ball):
    rendered, layers = ball
    inside = rendered.masks["skin"] == 1
    sky = layers["surround"]
    assert sky[~(rendered.masks["skin"] > 0)] == pytest.approx(1)
    assert sky[inside].mean() == pytest.approx(1, abs=0.03)
    # In the middle Burley's albedo is the mean over cos^2 of 1 + (FD90 - 1)(1 - cos)^5, where
    # FD90 = 0.5 + 2 roughness cos^2 of half the angle.
    cosine = (np.arange(2000) + 0.5) / 2000
    grazing = 0.5 + 2 * 0.25 * (1 + cosine) / 2
    albedo = float((2 * cosine * (1 + (grazing - 1) * (1 - cosine) ** 5)).mean())
    assert sky[27:37, 27:37].mean() == pytest.approx(albedo, rel=0.01)


def test_the_flash_weakens_with_the_square_of_the_distance():
    near, far = wall(z=14.0, size=5.0, x=-3.0), wall(z=-56.0, size=10.0, x=6.0)
    _, layers = shoot([near, far])
    levels = []
    for x, z in ((-3.0, 14.0), (6.0, -56.0)):
        column, row = (CAMERA.project(np.array([x, 1.0, z])) * SIZE).astype(int)
        patch = layers["flash"][row - 2 : row + 3, column - 2 : column + 3]
        # Off the axis there is less by the fourth power of the cosine.
        levels.append(patch.mean() / ((64 - z) / np.hypot(x, 64 - z)) ** 4)
    assert levels[0] / levels[1] == pytest.approx((120 / 50) ** 2, rel=0.01)


def test_the_highlight_moves_with_the_flash_as_the_mirror_law_says():
    camera = Camera(at=(0.0, 1.0, 64.0), target=(0.0, 1.0, 9.0), frame_cm=5.0)
    scene = build_scene(
        with_skin([Piece("ball", sphere(BALL, RADIUS), BLACK_MIRROR, "accessory")]), camera
    )
    for x in (-14.0, 10.0):
        flash = np.array([x, 4.0, 64.0])
        lit = all_lamps(flash=aimed(flash, (1.0, 1.0)))
        layers = trace(scene, lit).layers
        found = centroid(layers[LAYERS.index("flash")].mean(-1))
        assert found == pytest.approx(camera.project(mirror_point(flash)) * SIZE, abs=0.5)


def mirror_point(flash):
    """Returns where the ball's normal halves the angle between lens and flash."""
    point = np.array([0.0, 1.0, 9.0])
    for _ in range(50):
        to_lens, to_flash = LENS - point, flash - point
        normal = to_lens / np.linalg.norm(to_lens) + to_flash / np.linalg.norm(to_flash)
        point = np.array(BALL) + RADIUS * normal / np.linalg.norm(normal)
    return point


def centroid(picture):
    """Returns x and y of the middle of what is brighter than half the brightest."""
    bright = np.maximum(picture - 0.5 * picture.max(), 0)
    rows, columns = np.mgrid[0:SIZE, 0:SIZE] + 0.5
    return np.array([(columns * bright).sum(), (rows * bright).sum()]) / bright.sum()


def test_glasses_dim_what_is_behind_them_and_mirror_lamps(before_wall):
    tint = (0.9, 0.7, 0.5)
    glass = pane((-3.5, 1.0, 14.0), (7.0, 0, 0), (0, 14.0, 0))
    lens = Piece("lens", glass, Glass(tint=tint), "accessory")
    plain = before_wall[1]
    with_lens = shoot([wall(), lens], lit=all_lamps(**WALL_LAMPS))[1]
    left, right = np.s_[20:44, 20:28], np.s_[20:44, 36:44]
    assert with_lens["key_right"][right] == pytest.approx(plain["key_right"][right])
    # Two surfaces that return 4 % each and pass what is left back and forth: 2 r / (1 + r).
    mirrored = 2 * 0.04 / 1.04
    shares = with_lens["key_right"][left].mean((0, 1)) / plain["key_right"][left].mean((0, 1))
    assert shares == pytest.approx(np.array(tint) * (1 - mirrored), rel=0.01)
    # The lamp's picture: as far behind the pane as the lamp before it, half-way to the lens.
    column, row = (CAMERA.project(np.array([-3.0, 1.0, 14.0])) * SIZE).astype(int)
    behind = plain["key_left"][row, column] * np.array(tint) * (1 - mirrored)
    found = with_lens["key_left"][row, column] - behind
    assert found == pytest.approx(mirrored * BESIDE_LENS.radiance, rel=0.05)


def test_what_glows_shines_in_the_layer_of_the_room_alone():
    radiance = (0.5, 0.25, 0.1)
    results = []
    for shining in (radiance, (0.0, 0.0, 0.0)):
        glass = pane((-3.0, 1.0, 4.0), (6.0, 0, 0), (0, 6.0, 0))
        floor = pane((0.0, -3.0, 4.0), (30.0, 0, 0), (0, 0, -30.0))
        pieces = [
            Piece("pane", glass, Glow(radiance=shining), "background"),
            Piece("floor", floor, GREY, "background"),
        ]
        results.append(shoot(pieces)[1])
    bright, dark = results
    for name in LAYERS:
        if name != "room":
            assert np.array_equal(bright[name], dark[name]), name
    difference = bright["room"] - dark["room"]
    column, row = (CAMERA.project(np.array([-3.0, 1.0, 4.0])) * SIZE).astype(int)
    # The light that comes back from the floor is little.
    assert difference[row, column] == pytest.approx(np.array(radiance), rel=0.02)
    below = difference[50:60, 12:28].mean((0, 1))
    assert below[0] > 0.005
    assert below / below[0] == pytest.approx(np.array(radiance) / radiance[0], rel=0.02)


def test_surfaces_are_lit_from_behind_too(before_wall):
    away = pane((0.0, 1.0, 4.0), (-40.0, 0, 0), (0, 40.0, 0))
    assert away.normals[0, 2] == -1
    turned = shoot([Piece("wall", away, WHITE, "background")], lit=all_lamps(**WALL_LAMPS))
    for name in ("flash", "high", "surround"):
        assert turned[1][name].mean() == pytest.approx(before_wall[1][name].mean(), rel=0.01)
    assert turned[0].normal == pytest.approx(before_wall[0].normal, abs=1e-5)


def strand():
    roots = np.random.default_rng(0).uniform((-4, 0, 9), (4, 2, 10), (200, 3))
    points = roots[:, None] + np.linspace(0, 1, 6)[None, :, None] * np.array([0.5, -4.0, 1.0])
    return Curves(points.astype(np.float32), np.linspace(0.01, 0.004, 6, dtype=np.float32))


def still_life():
    """Everything that can be in a scene, in little."""
    rng = np.random.default_rng(0)
    relief = 0.01 * rng.standard_normal((512, 512, 1), np.float32)
    colour = rng.uniform(0.1, 0.9, (512, 512, 3)).astype(np.float32)
    skin = skin_of(colour, roughness=0.4, bump=relief)
    glass = pane((2.0, 1.0, 12.0), (3.0, 0, 0), (0, 3.0, 0))
    glow = pane((-5.0, 5.0, -20.0), (6.0, 0, 0), (0, 6.0, 0))
    return [
        Piece("ball", sphere(HEAD, 5.0), skin, "skin"),
        Piece("hair", strand(), HairFibre(eumelanin=1.0, pheomelanin=0.2), "hair"),
        Piece("lens", glass, Glass(), "accessory"),
        Piece("window", glow, Glow(radiance=colour), "background"),
        wall(z=-30.0, size=100.0, material=GREY),
    ]


@pytest.fixture(scope="module")
def twice(before_wall):
    """The same scene twice, and the kernels that rendered it after another one."""
    del before_wall
    with dr.scoped_set_flag(dr.JitFlag.KernelHistory, True):
        dr.kernel_history_clear()
        first, again = (shoot(still_life(), seed=3)[0] for _ in range(2))
        kernels = dr.kernel_history([dr.KernelType.JIT])
    return first, again, [k for k in kernels if k["size"] == SIZE * SIZE * SAMPLES]


def test_the_same_seed_gives_the_same_bytes_and_every_number_is_finite(twice):
    first, again, _ = twice
    for name in ("layers", "irradiance", "albedo", "normal"):
        values = getattr(first, name)
        assert np.isfinite(values).all(), name
        assert np.array_equal(values, getattr(again, name)), name
    for name, mask in first.masks.items():
        assert np.array_equal(mask, again.masks[name])
        assert mask.min() >= 0, name
        assert mask.max() <= 1 + 1e-6, name
    assert first.masks["hair"].max() > 0.2
    assert first.layers.min() >= 0


def test_different_scenes_run_one_compiled_kernel(twice):
    kernels = twice[2]
    assert len(kernels) == 2
    assert all(kernel["cache_hit"] for kernel in kernels)


def test_samples_in_several_passes_are_averaged_and_another_seed_is_another_picture(before_wall):
    scene = build_scene(with_skin([wall()]), CAMERA)
    lit = all_lamps(**WALL_LAMPS)
    two = trace(scene, lit, samples=2 * SAMPLES).layers
    # The first pass is that of fewer samples.
    first = before_wall[0].layers
    second = 2 * two - first
    index = LAYERS.index("low")
    assert not np.array_equal(first[index], second[index])
    assert second.mean() == pytest.approx(first.mean(), rel=0.005)
    noise = (first[index] - second[index]).std()
    assert noise > 0
    # Noise of both is alike, and that of their mean smaller than either.
    smooth = cv2.GaussianBlur(two[index], (0, 0), 3)
    middle = np.s_[10:-10, 10:-10]
    spread = [(p[index] - smooth)[middle].std() for p in (first, second, two)]
    assert spread[0] == pytest.approx(spread[1], rel=0.2)
    assert spread[2] < 0.85 * spread[0]


@pytest.mark.slow
def test_what_shows_no_person_gets_a_share_of_the_samples(before_wall):
    pieces = [Piece("ball", sphere(BALL, RADIUS), WHITE_SKIN, "skin"), wall(z=-30.0, size=100.0)]
    scene = build_scene(pieces, CAMERA)
    few, mixed = (
        trace(scene, all_lamps(), samples=n, background_share=share)
        for n, share in ((SAMPLES, 1.0), (2 * SAMPLES, 0.5))
    )
    # The first samples are the same.
    same = (few.layers == mixed.layers).all((0, 3))
    person = few.masks["person"] > 0
    assert same[~cv2.dilate(person.astype(np.uint8), np.ones((7, 7))).astype(bool)].all()
    assert not same[few.masks["person"] == 1].any()
    assert mixed.layers.mean() == pytest.approx(few.layers.mean(), rel=0.005)
    # A picture without anybody is a picture too.
    empty = trace(
        build_scene(with_skin([wall()]), CAMERA),
        all_lamps(**WALL_LAMPS),
        samples=2 * SAMPLES,
        background_share=0.5,
    )
    assert np.array_equal(empty.layers, before_wall[0].layers)


def path_traced(mi, scene, lit, weights, sky):
    """Returns Mitsuba's own picture of direct light and one bounce, with lamps as things."""
    black = {"type": "diffuse", "reflectance": {"type": "rgb", "value": 0.0}}
    # Without the dark pieces that glow out of sight, which would take samples from the lamps.
    shapes = [shape for shape in scene.mitsuba.shapes() if not shape.is_emitter()]
    contents = {f"shape{n}": shape for n, shape in enumerate(shapes)}
    for name, weight in weights.items():
        lamp = lit[name]
        place = np.eye(4)
        columns = (lamp.across / 2, lamp.up / 2, lamp.normal, lamp.centre)
        place[:3] = np.stack(columns, 1)
        radiance = {"type": "rgb", "value": weight * lamp.radiance}
        contents[name] = {
            "type": "rectangle",
            "to_world": mi.ScalarTransform4f(place),
            "bsdf": black,
            "emitter": {"type": "area", "radiance": radiance},
        }
    camera = scene.camera
    view = mi.ScalarTransform4f().look_at(
        origin=list(camera.at), target=list(camera.target), up=[0, 1, 0]
    )
    contents["sky"] = {"type": "constant", "radiance": {"type": "rgb", "value": sky}}
    contents["sensor"] = {
        "type": "perspective",
        "fov": camera.field_deg,
        "to_world": view,
        "film": {
            "type": "hdrfilm",
            "width": SIZE,
            "height": SIZE,
            "rfilter": {"type": "box"},
            "pixel_format": "rgb",
        },
    }
    contents["integrator"] = {"type": "path", "max_depth": 3, "rr_depth": 100}
    return np.array(mi.render(mi.load_dict({"type": "scene", **contents}), spp=256, seed=1))


def test_a_mix_of_layers_is_what_mitsuba_renders_under_the_same_lights(renderer):
    coated = Material(colour=(0.7, 0.4, 0.3), roughness=0.45, clearcoat=0.4)
    floor = pane((0.0, -4.0, 4.0), (60.0, 0, 0), (0, 0, -60.0))
    pieces = [
        Piece("ball", sphere(HEAD, 5.0), coated, "accessory"),
        Piece("floor", floor, Material(colour=(0.6, 0.7, 0.8)), "background"),
        wall(z=-16.0, size=80.0, material=GREY),
    ]
    camera = Camera(at=(0.0, 12.0, 64.0), target=HEAD, frame_cm=22.0)
    # Small lamps, because Mitsuba's hide each other and the sky.
    lit = all_lamps(
        flash=aimed(np.array([2.0, 12.0, 64.0]), (1.0, 1.0)),
        key_left=lamp_at(-45.0, 30.0, 110.0, (16.0, 16.0)),
        window=aimed(np.array([150.0, 25.0, 60.0]), (20.0, 20.0)),
    )
    weights, sky = {"flash": 0.5, "key_left": 0.8, "window": 0.4}, 0.3
    scene = build_scene(with_skin(pieces), camera)
    rendered = trace(scene, lit, samples=64)
    layers = dict(zip(LAYERS, rendered.layers, strict=True))
    mixed = sum(weight * layers[name] for name, weight in weights.items())
    mixed = mixed + sky * layers["surround"]
    expected = path_traced(renderer, scene, lit, weights, sky)
    regions = {"ball": np.s_[24:40, 26:38], "floor": np.s_[50:62, 4:60], "wall": np.s_[4:12, 4:60]}
    for name, region in regions.items():
        found, wanted = (p[region].mean((0, 1)) for p in (mixed, expected))
        assert found == pytest.approx(wanted, rel=0.02), name
    assert mixed.mean((0, 1)) == pytest.approx(expected.mean((0, 1)), rel=0.01)
