"""Maps between two pictures of a wall and a ball, against maps worked out by hand."""

import gc
from dataclasses import replace

import cv2
import numpy as np
import pytest

from deepflash.synth.geometry import Piece
from deepflash.synth.head import HeadRig
from deepflash.synth.head_model import load_head_model
from deepflash.synth.lens import Camera
from deepflash.synth.materials import Material
from deepflash.synth.mixing import draw_mix
from deepflash.synth.person import draw_person
from deepflash.synth.scene import build_scene
from deepflash.synth.studio import Studio
from deepflash.synth.two_views import BEHIND, correspondence, draw_studio_camera, shoot_two_views
from deepflash.synth.view import draw_view
from tests.synth.simple_scenes import meets_sphere, pane, pixel_rays, sphere, with_skin
from tests.synth.stand_in_model import write

PHONE = Camera(at=(0.0, 1.0, 64.0), target=(0.0, 1.0, 4.0), frame_cm=30.0)
OTHER = Camera(at=(14.0, 9.0, 84.0), target=(0.5, 0.5, 4.0), frame_cm=36.0, roll_deg=4.0)
PHONE_SIZE, OTHER_SIZE = 96, 128
CENTRE, RADIUS, WALL_Z = (0.0, 1.0, 9.0), 5.0, -11.0
GREY = Material(colour=(0.5, 0.5, 0.5))


def built(pieces):
    gc.collect()
    return build_scene(with_skin(pieces), PHONE)


@pytest.fixture(scope="module")
def scene(renderer):
    del renderer
    wall = pane((0, 0, WALL_Z), (300, 0, 0), (0, 300, 0))
    return built(
        [
            Piece("wall", wall, GREY, "background"),
            Piece("ball", sphere(CENTRE, RADIUS, rows=400), GREY, "accessory"),
        ]
    )


@pytest.fixture(scope="module")
def there(scene):
    return correspondence(scene, PHONE, OTHER, size=PHONE_SIZE, other_size=OTHER_SIZE)


def points_by_hand():
    """Returns what each pixel of the phone shows, its normal, and whether it is the ball."""
    rays = pixel_rays(PHONE, PHONE_SIZE)
    points, normals = meets_sphere(PHONE, CENTRE, RADIUS, rays)
    on_ball = np.isfinite(points[..., 0])
    along = (WALL_Z - PHONE.at[2]) / rays[..., 2:]
    points = np.where(on_ball[..., None], points, np.array(PHONE.at) + along * rays)
    return points, np.where(on_ball[..., None], normals, [0.0, 0.0, 1.0]), on_ball


def in_picture(points):
    """Projects by a pinhole written out anew."""
    right, up, ahead = OTHER.axes()
    seen = points - np.array(OTHER.at)
    depth = seen @ ahead
    centimetres_a_px = OTHER.frame_cm / OTHER_SIZE * depth / OTHER.distance_cm
    middle = OTHER_SIZE / 2 - 0.5
    return np.stack(
        [middle + seen @ right / centimetres_a_px, middle - seen @ up / centimetres_a_px], -1
    )


def hidden_by_hand(points, normals, on_ball):
    """Whether the ball stands between the other lens and each point."""
    to_lens = np.array(OTHER.at) - points
    faces_away = (to_lens * normals).sum(-1) < 0
    direction = to_lens / np.linalg.norm(to_lens, axis=-1, keepdims=True)
    from_middle = points - np.array(CENTRE)
    nearest = from_middle - (from_middle * direction).sum(-1, keepdims=True) * direction
    behind_ball = np.linalg.norm(nearest, axis=-1) < RADIUS
    return np.where(on_ball, faces_away, behind_ball), np.abs(
        np.linalg.norm(nearest, axis=-1) - RADIUS
    )


def test_the_map_is_that_of_a_pinhole(there):
    points, _, on_ball = points_by_hand()
    expected = in_picture(points)
    found, _ = there
    away = np.linalg.norm(found - expected, axis=-1)
    # The mesh of the ball has flat faces, which lie up to 0.1 mm below it.
    edge = cv2.morphologyEx(on_ball.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3))) > 0
    assert away[~on_ball & ~edge].max() < 0.005
    assert away[on_ball & ~edge].max() < 0.05


def test_what_the_ball_hides_and_what_lies_outside_is_not_visible(there):
    points, normals, on_ball = points_by_hand()
    hidden, from_edge = hidden_by_hand(points, normals, on_ball)
    at = in_picture(points)
    inside = ((at > -0.5) & (at < OTHER_SIZE - 0.5)).all(-1)
    expected = inside & ~hidden
    clear_cut = np.where(on_ball, from_edge > 0.02, from_edge > 0.1)
    clear_cut &= (np.abs(at + 0.5) > 0.01).all(-1) & (np.abs(at - OTHER_SIZE + 0.5) > 0.01).all(-1)
    rim = cv2.morphologyEx(on_ball.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3))) > 0
    clear_cut &= ~rim
    assert np.array_equal(there[1][clear_cut], expected[clear_cut])
    assert (~expected & clear_cut & inside).sum() > 50
    assert clear_cut.mean() > 0.9


def test_there_and_back_again(scene, there):
    back, seen_back = correspondence(scene, OTHER, PHONE, size=OTHER_SIZE, other_size=PHONE_SIZE)
    found, visible = there
    returned = cv2.remap(back, found, None, cv2.INTER_LINEAR, borderValue=(np.nan, np.nan))
    rows, columns = np.mgrid[0:PHONE_SIZE, 0:PHONE_SIZE]
    away = np.hypot(returned[..., 0] - columns, returned[..., 1] - rows)
    # Between a pixel on the ball and one on the wall there is no way back.
    step = np.abs(np.gradient(back, axis=(0, 1))).max((0, 3)) > 2
    smooth = cv2.erode((seen_back & ~step).astype(np.uint8), np.ones((3, 3)))
    whole = cv2.remap(smooth.astype(np.float32), found, None, cv2.INTER_LINEAR) > 0.999
    tested = visible & whole
    assert tested.mean() > 0.6
    assert np.nanmax(away[tested]) < 0.05


def test_a_camera_sees_itself_and_all_that_it_shows(scene):
    found, visible = correspondence(scene, PHONE, PHONE, size=48, other_size=48)
    rows, columns = np.mgrid[0:48, 0:48]
    assert visible.all()
    assert found == pytest.approx(np.stack([columns, rows], -1), abs=1e-3)


def test_the_back_of_a_sheet_is_another_thing_and_emptiness_is_not_visible(renderer):
    del renderer
    scene = built([Piece("sheet", pane((0, 1, 4), (10, 0, 0), (0, 10, 0)), GREY, "clothes")])
    behind = replace(PHONE, at=(0.0, 1.0, -56.0))
    found, visible = correspondence(scene, PHONE, behind, size=30, other_size=30)
    assert not visible.any()
    # From behind, left and right are swapped.
    assert found[15, 12] == pytest.approx([29 - 12, 15], abs=1e-3)
    away = replace(PHONE, target=(0.0, 1.0, 124.0))
    found, visible = correspondence(scene, PHONE, away, size=30, other_size=30)
    assert not visible.any()
    assert (found == BEHIND).all()


def test_studio_cameras_stand_on_one_rig_with_the_phone():
    cameras = [draw_studio_camera(np.random.default_rng(seed), PHONE) for seed in range(300)]
    assert cameras[3] == draw_studio_camera(np.random.default_rng(3), PHONE)
    assert len(set(cameras)) == 300
    for camera in cameras:
        offset = np.subtract(camera.at, PHONE.at)
        assert 5.9 < np.hypot(*offset[:2]) < 36, "beside or above, never in one place"
        assert camera.distance_cm > 40
        middle = camera.project(np.array(PHONE.target))
        assert np.abs(middle - 0.5).max() < 0.1
        assert 0.9 < camera.frame_cm / PHONE.frame_cm < 1.4


@pytest.mark.slow
def test_landmarks_and_pictures_of_a_drawn_head_agree_with_the_map(renderer, tmp_path):
    del renderer
    check_person(write(tmp_path / "stand_in.npz"))


@pytest.mark.local
@pytest.mark.slow
def test_landmarks_and_pictures_of_a_person_agree_with_the_map(renderer, head_model_path):
    del renderer
    check_person(head_model_path)


def check_person(model):
    gc.collect()
    studio = Studio(HeadRig(load_head_model(model), texture_px=512))
    person = draw_person(np.random.default_rng(0), group=4)
    view = draw_view(np.random.default_rng(1), backdrop="plain_wall")
    phone = view.camera
    camera = draw_studio_camera(np.random.default_rng(2), phone)
    views = shoot_two_views(
        studio,
        person,
        view,
        phone=phone,
        camera=camera,
        phone_size=96,
        camera_size=128,
        samples=4,
        mix=draw_mix(np.random.default_rng(3)),
    )
    assert views.phone.shape == (96, 96, 3)
    assert views.camera.shape == (128, 128, 3)
    assert np.isfinite(views.phone).all()
    assert np.isfinite(views.camera).all()
    # Landmarks on the front of the face lie where the map sends the pixel that shows them.
    agreeing = 0
    for mark in range(27, 36):
        x, y = views.landmarks_phone[mark]
        sent = cv2.remap(views.map_xy, np.float32([[x]]), np.float32([[y]]), cv2.INTER_LINEAR)
        agreeing += np.linalg.norm(sent[0, 0] - views.landmarks_camera[mark]) < 1.0
    assert agreeing >= 6
    assert 0.3 < views.visible.mean() < 1
