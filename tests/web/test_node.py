import numpy as np
import pytest

from tests.web.node import JsError


def test_pictures_and_numbers_go_there_and_back(node):
    picture = np.arange(24, dtype=np.uint8).reshape(2, 4, 3) * 10
    found = node.call("src/image/image", "toUnit", picture)
    np.testing.assert_array_equal(found, picture.astype(np.float32) / np.float32(255))
    assert [node.call("src/image/image", "rint", v) for v in (0.5, 1.5, -0.5, 2.4)] == [0, 2, 0, 2]


def test_errors_come_back(node):
    with pytest.raises(JsError, match="not a function"):
        node.call("src/image/image", "no_such_thing")
