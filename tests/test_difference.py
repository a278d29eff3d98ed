import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import TypeCheckError

from deepflash import difference

unit = st.floats(0, 1, width=32)


def picture(value):
    return torch.tensor(value).expand(3, 1, 1)


def random_pictures(seed, *shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def test_values_computed_by_hand():
    flash, studio = picture(0.75), picture(0.25)
    assert difference.encode(flash, studio).unique().item() == 0.75
    assert difference.encode(studio, flash).unique().item() == 0.25
    assert difference.decode(picture(0.75)).unique().item() == 0.5
    assert difference.reconstruct(picture(0.25), picture(0.75)).unique().item() == -0.25


def test_equal_pictures_encode_to_one_half():
    flash = random_pictures(0, 2, 3, 5, 4)
    assert (difference.encode(flash, flash) == 0.5).all()
    assert torch.equal(difference.reconstruct(flash, torch.full_like(flash, 0.5)), flash)


@settings(deadline=None)
@given(flash=unit, studio=unit)
def test_encoding_stays_in_range_and_comes_back(flash, studio):
    flash, studio = picture(flash), picture(studio)
    t = difference.encode(flash, studio)
    assert (t >= 0).all()
    assert (t <= 1).all()
    torch.testing.assert_close(difference.decode(t), flash - studio, rtol=0, atol=2e-7)
    torch.testing.assert_close(difference.reconstruct(flash, t), studio, rtol=0, atol=3e-7)


def test_reconstruction_is_the_seed_formula():
    flash_low, y = random_pictures(1, 3, 8, 8), random_pictures(2, 3, 8, 8)
    seed = flash_low.double() - 2 * y.double() + 1
    torch.testing.assert_close(
        difference.reconstruct(flash_low, y).double(), seed, rtol=0, atol=2e-7
    )


def test_portrait_keeps_the_high_frequencies_and_clips():
    low, detail = picture(0.5), torch.tensor([-0.1, 0.1]).expand(3, 1, 2)
    y = difference.encode(low.expand(3, 1, 2), picture(0.25).expand(3, 1, 2))
    torch.testing.assert_close(difference.portrait(low + detail, y), 0.25 + detail)
    assert difference.portrait(picture(0.1), picture(1.0)).unique().item() == 0
    assert difference.portrait(picture(0.9), picture(0.0)).unique().item() == 1


def test_leading_dimensions_do_not_matter():
    flash, studio = random_pictures(3, 2, 4, 3, 5, 6), random_pictures(4, 2, 4, 3, 5, 6)
    assert torch.equal(
        difference.encode(flash, studio)[1, 2], difference.encode(flash[1, 2], studio[1, 2])
    )


def test_refuses_other_shapes():
    with pytest.raises(TypeCheckError):
        difference.encode(torch.zeros(3, 4, 4), torch.zeros(3, 4, 5))
    with pytest.raises(TypeCheckError):
        difference.decode(torch.zeros(4, 4, 4))
