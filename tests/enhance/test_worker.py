"""One process and its photographs: one enhancer for all of them."""

import pytest

from deepflash.enhance import enhancer as enhancer_module
from deepflash.enhance import worker
from deepflash.enhance.look import Look
from deepflash.enhance.plan import Job
from deepflash.enhance.worker import Request, attempt_anywhere
from deepflash.errors import UsageError
from tests.enhance.photo_files import draw_pixels, save
from tests.enhance.stand_in import StandIn, portrait_of


def test_a_process_builds_one_enhancer_for_a_request(tmp_path, monkeypatch):
    built = []

    def build(model, *, size):
        built.append((model, size))
        return StandIn()

    monkeypatch.setattr(enhancer_module, "Enhancer", build)
    worker._enhancer_of_process.cache_clear()
    for name in ("a.png", "b.png", "no_face.png"):
        source = save(tmp_path / name, draw_pixels())
        done = attempt_anywhere(Job(source, tmp_path / "out" / name), Request(size=100))
        assert done.error is None
        assert (done.outcome.result is None) == (name == "no_face.png")
    assert portrait_of(tmp_path / "a.png", tmp_path / "out" / "a.png")
    assert built == [(None, 100)]
    worker._enhancer_of_process.cache_clear()


@pytest.mark.parametrize("numbers", [{"quality": 0}, {"quality": 101}, {"size": 0}, {"size": -3}])
def test_numbers_out_of_range_are_refused(numbers):
    with pytest.raises(UsageError, match=next(iter(numbers))):
        Request(Look(), **numbers)


def test_numbers_at_the_ends_of_their_range_are_taken():
    assert Request(quality=1, size=1).quality == 1
    assert Request(quality=100).quality == 100
