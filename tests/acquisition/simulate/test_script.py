"""Faults on demand and by chance."""

from collections import Counter
from itertools import islice

import pytest

from acquisition.errors import UsageError
from acquisition.simulate.script import (
    CAMERA_FAULTS,
    PHONE_FAULTS,
    CameraShot,
    ShotScript,
    camera_shot,
    random_faults,
    read_script,
)


def test_a_script_is_read_from_yaml(tmp_path):
    path = tmp_path / "script.yaml"
    path.write_text("- {}\n- camera: {busy: 3}\n  phone: no_flash\n- camera: {turns: {iso: 800}}\n")
    assert read_script(path) == [
        ShotScript(),
        ShotScript(camera=CameraShot(busy=3), phone="no_flash"),
        ShotScript(camera=CameraShot(turns={"iso": 800})),
    ]


@pytest.mark.parametrize("text", ["camera: 1", "- {camera: {bussy: 3}}", "- {phone: melts}"])
def test_a_script_with_unknown_words_is_refused(tmp_path, text):
    (tmp_path / "script.yaml").write_text(text)
    with pytest.raises(UsageError, match="not a list of shots"):
        read_script(tmp_path / "script.yaml")
    with pytest.raises(UsageError, match="cannot read"):
        read_script(tmp_path / "other.yaml")


@pytest.mark.parametrize("name", CAMERA_FAULTS)
def test_every_fault_of_the_camera_does_something(name):
    assert camera_shot(name) != CameraShot()


def test_chance_is_repeatable_and_keeps_its_rates():
    rates = {"busy": 0.2, "cut": 0.1, "no_flash": 0.25, "reload": 0.05}
    first, again = (list(islice(random_faults(7, rates), 4000)) for _ in range(2))
    assert first == again
    assert first != list(islice(random_faults(8, rates), 4000))
    camera = Counter(script.camera_fault for script in first)
    phone = Counter(script.phone for script in first)
    assert set(camera) == {None, "busy", "cut"}
    assert set(phone) == {None, "no_flash", "reload"}
    # Four standard deviations of 4000 draws.
    for count, rate in ((camera["busy"], 0.2), (camera["cut"], 0.1), (phone["no_flash"], 0.25)):
        assert abs(count / 4000 - rate) < 4 * (rate * (1 - rate) / 4000) ** 0.5
    for script in first:
        assert (script.camera == CameraShot()) == (script.camera_fault is None)


def test_rates_that_make_no_sense_are_refused_at_once():
    with pytest.raises(UsageError, match="no fault 'meteor'"):
        random_faults(0, {"meteor": 0.1})
    with pytest.raises(UsageError, match="no fault 'busy' with rate -"):
        random_faults(0, {"busy": -0.1})
    with pytest.raises(UsageError, match="at most 1"):
        random_faults(0, {"busy": 0.7, "cut": 0.4})
    assert next(random_faults(0, dict.fromkeys(PHONE_FAULTS, 1 / len(PHONE_FAULTS)))).phone
