from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from deepflash.synth.geometry import Curves, Mesh, PosedHead, rotation, unit
from deepflash.synth.hair import scalp, strands
from deepflash.synth.hair.grow import grow_hair
from deepflash.synth.hair.style import CUTS, HairStyle, draw_hair_style, hair_colour
from deepflash.synth.hair.surface import Body, Skin
from deepflash.synth.materials import HairFibre

MIDDLE, SIZE = np.array([0.0, 4.0, 1.0]), np.array([7.4, 10.2, 9.6])
PIVOT = np.array([0.0, -9.5, 0.0])


def _style(cut: str = "crop", **changes) -> HairStyle:
    style = HairStyle(
        seed=3, cut=cut, length_cm=6.0, sides_cm=0.9, wave=0.5, volume=1.0, part_cm=2.0,
        hairline_cm=0.0, recession_cm=0.3, peak_cm=0.1, thinning=0.0, density=1.0,
        sideburn_cm=0.0, eumelanin=1.2, pheomelanin=0.2, grey=0.0, beard=0.0, beard_cm=0.5,
        moustache=0.0, stubble=0.0, brow_width_cm=0.8, brow_density=0.5, lash_cm=1.0,
    )  # fmt: skip
    return replace(style, **changes)


def _landmarks() -> np.ndarray:
    at = np.zeros((68, 3))
    at[0:17, 0] = np.linspace(-7.4, 7.4, 17)
    at[0:17, 1] = np.linspace(-1, 1, 17) ** 2 * 11 - 7.5
    at[0:17, 2] = 10 - np.linspace(-1, 1, 17) ** 2 * 6
    at[17:27, 0] = [-5.8, -4.9, -3.8, -2.4, -1.2, 1.2, 2.4, 3.8, 4.9, 5.8]
    at[17:27, 1:] = 6.0, 9.5
    at[36:42, 0], at[42:48, 0] = np.linspace(-4.5, -1.8, 6), np.linspace(1.8, 4.5, 6)
    at[36:48, 1:] = 3.4, 9.2
    return at


def _lash_strip(side: float) -> tuple[np.ndarray, np.ndarray]:
    u, v = np.meshgrid(np.linspace(0, 1, 5), np.linspace(0, 1, 3))
    vertices = np.stack([side * (1.8 + 2.7 * u), 3.6 + 0.3 * v, 9.3 + 0.9 * v], -1).reshape(-1, 3)
    return vertices, np.stack([u, v], -1).reshape(-1, 2)


@cache
def _head(yaw: float = 0.0) -> PosedHead:
    """An egg with the size of a head."""
    rows, columns = 40, 60
    polar, around = np.meshgrid(
        np.linspace(0.02, np.pi - 0.02, rows), np.linspace(0, 2 * np.pi, columns, endpoint=False),
        indexing="ij",
    )  # fmt: skip
    aim = np.stack(
        [np.sin(polar) * np.sin(around), np.cos(polar), np.sin(polar) * np.cos(around)], -1
    ).reshape(-1, 3)
    i = np.arange(rows - 1)[:, None] * columns + np.arange(columns)
    j = np.arange(rows - 1)[:, None] * columns + (np.arange(columns) + 1) % columns
    faces = np.concatenate(
        [np.stack([i, i + columns, j], -1), np.stack([j, i + columns, j + columns], -1)]
    ).reshape(-1, 3)
    turn = rotation("y", yaw)
    rest = MIDDLE + aim * SIZE
    strips = [_lash_strip(side) for side in (-1.0, 1.0)]
    strip = np.array([[0, 1, 5], [1, 6, 5], [5, 6, 10], [3, 4, 8], [8, 9, 14]])
    strip = np.concatenate([np.stack([k, k + 1, k + 5], -1)[None] for k in range(9)] + [strip])
    lashes = Mesh(
        (((np.concatenate([s[0] for s in strips])) - PIVOT) @ turn.T + PIVOT).astype(np.float32),
        np.concatenate([strip, strip + 15]).astype(np.uint32),
        np.zeros((30, 3), np.float32),
        np.concatenate([s[1] for s in strips]).astype(np.float32),
    )
    return PosedHead(
        rest=rest,
        posed=(rest - PIVOT) @ turn.T + PIVOT,
        normals=unit(aim / SIZE) @ turn.T,
        faces=faces,
        rest_landmarks=_landmarks(),
        landmarks=(_landmarks() - PIVOT) @ turn.T + PIVOT,
        rotation=turn,
        pivot=PIVOT,
        lashes=lashes,
    )


def _outside(head: PosedHead, posed: np.ndarray) -> np.ndarray:
    """Returns about how far points lie outside the egg, in centimetres."""
    return (np.linalg.norm((head.to_rest(posed) - MIDDLE) / SIZE, axis=-1) - 1) * SIZE.min()


def _hair(style: HairStyle, head: PosedHead, **options) -> dict[str, Curves]:
    shapes = {}
    for piece in grow_hair(style, head, detail=0.05, **options):
        assert isinstance(piece.shape, Curves)
        shapes[piece.name] = piece.shape
    return shapes


@pytest.mark.parametrize("cut", CUTS)
def test_every_cut_grows_from_the_skin_and_stays_out_of_it(cut):
    head = _head(yaw=15.0)
    length = 0.0 if cut == "bald" else 5.0 if cut in ("crop", "afro", "tight_curls") else 22.0
    pieces = grow_hair(_style(cut, length_cm=length), head, detail=0.05)
    assert {piece.label for piece in pieces} == {"hair"}
    assert all(isinstance(piece.material, HairFibre) for piece in pieces)
    names = {piece.name for piece in pieces}
    assert {"brows", "lashes"} <= names
    assert ("hair" in names) == (cut != "bald")
    for piece in pieces:
        assert isinstance(piece.shape, Curves)
        points = piece.shape.points
        assert np.isfinite(points).all()
        assert piece.shape.radius.shape == (points.shape[1],)
        if piece.name == "hair":
            roots = _outside(head, points[:, 0])
            assert np.abs(roots).max() < 0.35
            assert (_outside(head, points[:, 1:]) < -0.25).mean() < 0.02


@pytest.mark.parametrize("cut", ["crop", "locs"])
def test_growing_depends_on_the_style_only(cut):
    style, head = _style(cut, length_cm=20.0), _head()
    first, again = _hair(style, head), _hair(style, head)
    other = _hair(replace(style, seed=4), head)
    np.testing.assert_array_equal(first["hair"].points, again["hair"].points)
    assert other["hair"].points.shape != first["hair"].points.shape or not np.allclose(
        other["hair"].points, first["hair"].points
    )


def test_detail_scales_number_and_radius():
    style, head = _style("crop"), _head()
    fine, coarse = (
        next(p.shape for p in grow_hair(style, head, detail=d) if p.name == "hair")
        for d in (0.16, 0.04)
    )
    assert isinstance(fine, Curves)
    assert isinstance(coarse, Curves)
    assert len(fine.points) == pytest.approx(4 * len(coarse.points), rel=0.05)
    np.testing.assert_allclose(coarse.radius, 2 * fine.radius, rtol=1e-5)


def test_a_hat_leaves_out_what_grows_under_it_and_what_would_poke_through():
    head = _head(yaw=20.0)

    def hat(points):
        return points[:, 1] > 8.0

    hair = _hair(_style("long_straight", length_cm=25.0), head, hat=hat)["hair"].points
    assert len(hair) > 100
    assert head.to_rest(hair.astype(np.float64))[..., 1].max() < 8.05


def test_long_hair_lies_on_clothes():
    head = _head()
    x, z = np.meshgrid(np.arange(-16, 16, 0.3), np.arange(-12, 14, 0.3))
    floor = np.stack([x.ravel(), np.full(x.size, -10.0), z.ravel()], 1)
    up = np.broadcast_to([0.0, 1.0, 0.0], floor.shape)
    style = _style("long_straight", length_cm=40.0)
    free = _hair(style, head)["hair"].points
    lying = _hair(style, head, obstacles=(floor, up))["hair"].points
    assert free[..., 1].min() < -14
    assert lying[..., 1].min() > -10.6


def test_no_long_hair_hangs_before_the_eyes():
    head = _head()
    for cut in ("long_straight", "fringe"):
        points = _hair(_style(cut, length_cm=30.0), head)["hair"].points
        x, y, z = points.reshape(-1, 3).T
        assert not ((np.abs(x) < 5) & (y > 0) & (y < 5) & (z > 8)).any()


def test_grey_hairs_are_a_share_that_grows():
    head, counts = _head(), []
    for grey in (0.0, 0.3, 0.8):
        hair = _hair(_style("crop", grey=grey), head)
        white = len(hair["hair_grey"].points) if "hair_grey" in hair else 0
        counts.append(white / (white + len(hair["hair"].points)))
    assert counts[0] == 0
    assert 0.05 < counts[1] < 0.5 < counts[2] < 0.95


def test_beard_grows_on_the_chin_and_stubble_only_on_shaven_men():
    head = _head()
    bearded = _hair(_style(beard=1.0, moustache=1.0), head)
    assert head.to_rest(bearded["beard"].points[:, 0].astype(np.float64))[:, 1].max() < 4.5
    assert "stubble" not in bearded
    assert "stubble" in _hair(_style(stubble=0.9), head)
    assert "beard" not in _hair(_style(), head)


def test_tints_are_where_the_hair_is():
    style = _style(beard=1.0, moustache=1.0)
    crown, nose, chin = np.array([[0, 13.8, -2.0], [0.0, 0.4, 13.0], [0, -7.6, 10.4]])
    places = np.stack([crown, nose, chin])
    head, beard = scalp.scalp_tint(style, places), scalp.beard_tint(style, places)
    assert head[0] > 0.8
    assert head[1] == head[2] == 0
    assert beard[2] > 0.4
    assert beard[0] == beard[1] == 0
    marks = _landmarks()
    brow = scalp.brow_tint(style, np.stack([marks[19], nose]), marks)
    assert brow[0] > 0.2
    assert brow[1] == 0
    assert scalp.scalp_tint(style, places.reshape(1, 3, 3)).shape == (1, 3)


def test_receding_hair_leaves_the_top_bare():
    top = np.array([[0.0, 13.5, 1.0]])
    side = np.array([[-7.0, 6.0, -3.0]])
    bare = _style("receding", thinning=1.0)
    assert scalp.scalp_density(bare, top)[0] < 0.1
    assert scalp.scalp_density(bare, side)[0] > 0.8
    assert scalp.scalp_density(_style(), top)[0] > 0.9


def test_body_knows_distances_to_an_egg():
    body = Body(Skin(_head()))
    for axis in np.eye(3):
        surface = MIDDLE + axis * SIZE
        far = body.distance(np.stack([surface + axis, surface - 0.8 * axis]))
        np.testing.assert_allclose(far, [1.0, -0.8], atol=0.15)
        np.testing.assert_allclose(body.outward((surface + axis)[None])[0], axis, atol=0.12)
        pushed = body.push((surface - 0.4 * axis)[None], 0.3)
        assert body.distance(pushed)[0] == pytest.approx(0.3, abs=0.1)


def test_shortened_and_cut_hairs_by_hand():
    straight = np.zeros((2, 5, 3))
    straight[:, :, 1] = np.arange(5)
    half = strands.shortened(straight, np.array([0.5, 1.0]))
    np.testing.assert_allclose(half[0, :, 1], [0, 0.5, 1, 1.5, 2])
    np.testing.assert_allclose(half[1], straight[1])
    forbidden = np.zeros((2, 5), bool)
    forbidden[0, 1:] = True
    forbidden[1, 3:] = True
    cut, kept = strands.cut_where(straight, forbidden, np.random.default_rng(0))
    assert kept.tolist() == [False, True]
    assert cut[0, -1, 1] <= 2
    np.testing.assert_allclose(strands.arc_length(straight)[0], [0, 1, 2, 3, 4])


def test_coils_have_their_radius():
    straight = np.zeros((1, 40, 3))
    straight[0, :, 1] = np.linspace(0, 10, 40)
    wound = strands.coiled(
        straight, np.array([[0.0, 0.0, 1.0]]), np.full((1, 1), 0.7), np.full((1, 1), 3.0),
        np.zeros((1, 1)),
    )  # fmt: skip
    np.testing.assert_allclose(np.hypot(wound[0, :, 0], wound[0, :, 2]), 0.7, atol=0.02)


def test_drawn_styles_are_plausible_and_repeatable():
    def draw(count, **who):
        rng = np.random.default_rng(1)
        return [draw_hair_style(rng, **who) for _ in range(count)]

    pale_women = draw(300, masculine=0.0, age=0.2, melanin=0.012)
    dark_men = draw(300, masculine=1.0, age=0.3, melanin=0.4)
    old_men = draw(300, masculine=1.0, age=0.95, melanin=0.02)
    assert draw(3, masculine=0.0, age=0.2, melanin=0.012) == pale_women[:3]
    assert {style.cut for style in pale_women + dark_men + old_men} <= set(CUTS)
    assert all(style.beard == 0 and style.stubble == 0 for style in pale_women)
    fair = [np.mean([s.eumelanin < 0.4 for s in group]) for group in (pale_women, dark_men)]
    assert fair[0] > 0.2
    assert fair[1] < 0.06
    coily = ("tight_curls", "afro", "cornrows", "box_braids", "locs")
    assert np.mean([s.cut in coily for s in dark_men]) > 0.4
    assert 0 < np.mean([s.cut in coily for s in pale_women]) < 0.1
    assert np.mean([s.grey for s in old_men]) > 0.5 > 0.05 > np.mean([s.grey for s in dark_men])
    bare = [np.mean([s.cut in ("bald", "receding") for s in g]) for g in (old_men, pale_women)]
    assert bare[0] > 0.2
    assert bare[1] < 0.05


def test_hair_colour_goes_from_black_to_white():
    looks = [hair_colour(_style(eumelanin=e)) for e in (3.0, 1.0, 0.3, 0.05)]
    looks.append(hair_colour(_style(grey=1.0)))
    brightness = [sum(look) for look in looks]
    assert brightness == sorted(brightness)
    assert max(looks[0]) < 0.03
    assert min(looks[-1]) > 0.3
    red, blond = (hair_colour(_style(eumelanin=0.1, pheomelanin=p)) for p in (0.9, 0.1))
    assert red[0] / red[2] > blond[0] / blond[2]
