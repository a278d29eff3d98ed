from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from acquisition.colour.calibration import apply, read_calibration
from acquisition.colour.cli import main
from acquisition.colour.grey_card import centre_region, parse_region, white_balance
from acquisition.errors import CalibrationError, StoreError, UsageError
from tests.acquisition.colour.drawn_chart import Shot, encoded, phone_tone, photograph
from tests.acquisition.colour.spectra import black_body, device_colours, white_led

PHONE = device_colours(white_led(), (1.25, 1.0, 2.0))
DEVICE = ["--device", "Pixel 8", "--light", "flash"]


def save(linear, path):
    cv2.imwrite(str(path), np.ascontiguousarray(encoded(linear)[..., ::-1]))
    return str(path)


def test_a_phones_chart_becomes_a_calibration(tmp_path: Path, capsys):
    picture = save(phone_tone(photograph(PHONE, Shot(turn_degrees=180.0))), tmp_path / "p.png")
    output = tmp_path / "colour" / "pixel8-flash.json"
    assert main([picture, *DEVICE, "-o", str(output)]) == 0
    made = read_calibration(output)
    assert (made.device, made.light, made.method) == ("Pixel 8", "flash", "chart")
    assert made.delta_e_mean is not None
    assert made.delta_e_mean < 1.0
    assert len(made.tone) > 0
    said = capsys.readouterr().out
    assert "tone curve: mean" in said
    assert "dark skin" in said
    proof = cv2.imread(str(tmp_path / "colour" / "pixel8-flash-proof.png"))
    assert proof is not None
    with pytest.raises(UsageError, match="exists already"):
        main([picture, *DEVICE, "-o", str(output)])


def test_of_several_pictures_the_best_is_kept(tmp_path: Path, capsys):
    good = photograph(PHONE)
    bad = good.copy()
    bad[:, 600:] *= [1.3, 1.0, 0.7]
    paths = [save(bad, tmp_path / "bad.png"), save(good, tmp_path / "good.png")]
    main([*paths, *DEVICE, "--most", "100", "-o", str(tmp_path / "both.json")])
    main([paths[1], *DEVICE, "-o", str(tmp_path / "one.json")])
    both, one = (read_calibration(tmp_path / name) for name in ("both.json", "one.json"))
    assert both.source_sha256 == one.source_sha256
    assert "best of 2" in capsys.readouterr().out


def test_mixed_light_is_refused(tmp_path: Path):
    mixed = PHONE.copy()
    columns = np.arange(24) % 6 >= 3
    mixed[columns] = device_colours(black_body(2856), (1.25, 1.0, 2.0))[columns]
    picture = save(photograph(mixed), tmp_path / "mixed.png")
    with pytest.raises(CalibrationError, match=r"miss by CIEDE2000 .* switch all other light off"):
        main([picture, *DEVICE, "--most", "3", "-o", str(tmp_path / "c.json")])
    assert not (tmp_path / "c.json").exists()


def test_no_chart_names_the_picture(tmp_path: Path):
    picture = save(np.full((300, 400, 3), 0.4), tmp_path / "wall.png")
    with pytest.raises(CalibrationError, match=r"wall\.png: no ColorChecker"):
        main([picture, *DEVICE, "-o", str(tmp_path / "c.json")])


def test_a_damaged_picture_and_wrong_words_are_one_line(tmp_path: Path):
    path = tmp_path / "half.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0 nothing")
    with pytest.raises(StoreError, match=r"half\.jpg"):
        main([str(path), *DEVICE, "-o", str(tmp_path / "c.json")])
    with pytest.raises(UsageError, match=r"must end in \.json"):
        main([str(path), *DEVICE, "-o", str(tmp_path / "c.yaml")])
    with pytest.raises(UsageError, match="light"):
        main([str(path), "--device", "x", "--light", "candle"])


def test_a_grey_card_sets_the_white_balance_alone(tmp_path: Path):
    rough = np.random.default_rng(0).normal(1, 0.03, (300, 400, 1))
    linear = (rough * [0.2, 0.25, 0.1]).astype(np.float32)
    picture = save(linear, tmp_path / "card.png")
    output = tmp_path / "card.json"
    main([picture, *DEVICE, "--grey-card", "centre", "-o", str(output)])
    made = read_calibration(output)
    assert made.method == "grey_card"
    assert made.delta_e_mean is None
    assert np.array(made.matrix) == pytest.approx(np.diag([1.25, 1.0, 2.5]), rel=0.02)
    grey = apply(linear, made).reshape(-1, 3).mean(axis=0)
    assert grey == pytest.approx([0.25] * 3, rel=0.02)


def test_a_grey_card_that_is_none_is_refused():
    card = np.full((100, 100, 3), 0.3, np.float32)
    region = centre_region(100, 100)
    assert region == (42, 42, 15, 15)
    halves = card.copy()
    halves[:, 50:] = 0.6
    for wrong, words in ((halves, "differs by"), (card + 0.7, "clipped"), (card * 0.01, "dark")):
        with pytest.raises(CalibrationError, match=words):
            white_balance(wrong.astype(np.float32), region)
    for outside in ((90, 90, 20, 20), (0, 0, 4, 4)):
        with pytest.raises(UsageError, match="not inside the picture"):
            white_balance(card, outside)


def test_a_region_is_read_or_refused():
    assert parse_region("10, 20,30,40") == (10, 20, 30, 40)
    for text in ("10,20,30", "a,b,c,d", "-1,0,10,10", "1,2,3,4,5"):
        with pytest.raises(UsageError, match="x,y,width,height"):
            parse_region(text)


@pytest.mark.slow
@pytest.mark.parametrize("width", [0.06, 0.3, 0.8])
def test_twelve_megapixels(tmp_path: Path, width):
    shot = replace(Shot(), size=(4000, 3000), width=width, turn_degrees=3.0, perspective=0.02)
    path = tmp_path / "large.jpg"
    save(phone_tone(photograph(PHONE, shot)), path)
    main([str(path), *DEVICE, "-o", str(tmp_path / "c.json")])
    mean = read_calibration(tmp_path / "c.json").delta_e_mean
    assert mean is not None
    assert mean < 2.0
