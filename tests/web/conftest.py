"""What tests of the page share."""

import pytest

from benchmarks.web import serving
from tests.web.node import WEB, Node
from tests.web.site import built_page, chromium


@pytest.fixture(scope="session")
def node():
    assert (WEB / "node_modules").is_dir(), "web/node_modules is missing; run `make web`"
    process = Node()
    yield process
    process.close()


@pytest.fixture(scope="session")
def site():
    """The address of the built page."""
    with serving(built_page()) as url:
        yield url


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser
