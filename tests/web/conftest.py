"""What tests of the page share."""

import pytest

from tests.web.node import WEB, Node


@pytest.fixture(scope="session")
def node():
    assert (WEB / "node_modules").is_dir(), "web/node_modules is missing; run `make web`"
    process = Node()
    yield process
    process.close()
