"""Real faces under flash and room light, bent by known maps."""

from pathlib import Path

import numpy as np
import pytest

from acquisition.registration.register import register
from benchmarks.registration import photographs
from deepflash.faces.finder import FaceFinder

PHOTOGRAPHS = Path(__file__).parents[3].parent / "shared" / "data" / "faid-sample"


@pytest.mark.local
@pytest.mark.slow
def test_known_maps_are_found_on_photographs() -> None:
    finder = FaceFinder()
    cases = list(photographs(PHOTOGRAPHS, finder))
    if not cases:
        pytest.skip("no photographs")
    errors = {"affine": [], "full": []}
    for case in cases:
        for mode, each in errors.items():
            found = register(case.phone, case.studio, *case.faces, mode)
            each.append(case.error(found.map_xy)[case.face])
    affine, full = (np.percentile(np.concatenate(errors[mode]), (50, 95)) for mode in errors)
    assert full[0] < 1.0
    assert full[1] < 2.5
    assert full[0] < 0.7 * affine[0]
