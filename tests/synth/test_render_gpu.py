"""The renderer on a CUDA device, in a process of its own: one process has one variant."""

import subprocess
import sys

import pytest

_PROGRAM = """
import numpy as np
from deepflash.synth.renderer import mitsuba
mitsuba("cuda")
from deepflash.synth.geometry import Piece
from deepflash.synth.render import render
from deepflash.synth.scene import build_scene
from tests.synth.simple_scenes import CAMERA, all_lamps, skin_of, sphere
ball = Piece("ball", sphere((0.0, 1.0, 4.0), 5.0), skin_of((1.0, 1.0, 1.0), roughness=1.0), "skin")
scene = build_scene([ball], CAMERA, device="cuda")
rendered = render(scene, all_lamps(), size=64, samples=64, seed=1, device="cuda")
print(float(rendered.irradiance[0, 32, 32]))
"""


@pytest.mark.gpu
def test_flash_on_a_sphere_by_hand(pytestconfig):
    command = [sys.executable, "-c", _PROGRAM]
    done = subprocess.run(command, cwd=pytestconfig.rootpath, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    # White paper at the head, 60 cm away, has 1; the sphere's front is 5 cm nearer.
    assert float(done.stdout.split()[-1]) == pytest.approx((60 / 55) ** 2, rel=0.01)
