"""What the tests of the studio share: the renderer, where it is, and the real head model."""

import os
from pathlib import Path

import pytest

from deepflash.errors import StudioError
from deepflash.synth.renderer import mitsuba


@pytest.fixture(scope="session")
def renderer():
    """Mitsuba; where it is missing the test skips, in CI it fails."""
    try:
        return mitsuba()
    except StudioError as error:
        sentence = f"nothing was rendered: {error}; run `make setup-system`"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)


@pytest.fixture(scope="session")
def head_model_path() -> Path:
    """The real head model, which is no part of the project."""
    named = os.environ.get("DEEPFLASH_HEAD_MODEL")
    if not named or not Path(named).exists():
        pytest.skip("no head model: name one in DEEPFLASH_HEAD_MODEL")
    return Path(named)
