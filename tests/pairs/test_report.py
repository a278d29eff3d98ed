"""`deepflash pairs`: figures computed by hand, every kind of damage found, nothing changed."""

import dataclasses
import hashlib
import json
import math

import numpy as np
import pytest

from deepflash import cli
from deepflash.errors import DatasetError
from deepflash.pairs.inspection import inspect_pairs
from deepflash.pairs.manifest import MANIFEST, PairRecord, file_digest, read_manifest
from deepflash.pairs.report import as_text, pairs_sheet, report, summarise
from deepflash.pictures import read_picture, write_picture


def digests(root):
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def plain(colour, height=6, width=8, dtype=np.uint8):
    return np.full((height, width, 3), colour, dtype)


def add(root, name, flash, studio, **fields):
    """Writes one pair and returns its record."""
    files = {"flash": f"flash/{name}.png", "studio": f"studio/{name}.png"}
    for kind, picture in (("flash", flash), ("studio", studio)):
        write_picture(root / files[kind], picture)
    (flash_sha, flash_bytes), (studio_sha, studio_bytes) = (
        file_digest(root / path) for path in files.values()
    )
    values = {
        "pair_id": name, "subject_id": f"of-{name}", "split": "train",
        "flash": files["flash"], "studio": files["studio"],
        "width": flash.shape[1], "height": flash.shape[0],
        "flash_sha256": flash_sha, "studio_sha256": studio_sha,
        "flash_bytes": flash_bytes, "studio_bytes": studio_bytes,
        "encoding": "srgb8", "flash_kind": "flash", "source": "session",
    }  # fmt: skip
    return PairRecord(**values | fields)


def write_manifest(root, records):
    (root / MANIFEST).write_text("".join(r.to_json() + "\n" for r in records))


@pytest.fixture
def root(tmp_path):
    """Five pairs: two of one subject, masks on one, skew and quality on some."""
    root = tmp_path / "five"
    half = plain((255, 51, 0))
    half[:, 4:] = (0, 51, 0)
    write_picture(root / "masks/e.png", np.full((6, 8), 255, np.uint8))
    records = [
        add(root, "a", plain((102, 51, 0)), plain((51, 51, 51)), skew_ms=10.0, split="val"),
        add(root, "b", half, plain((51, 51, 51)), skew_ms=30.0, quality={"sharp": 2.0}),
        add(root, "c", plain((0, 51, 0), 9, 5), plain((51, 51, 51), 9, 5), subject_id="of-b"),
        add(root, "d", plain((102, 51, 0)), plain((51, 51, 51)), skew_ms=20.0, split="test"),
        add(root, "e", plain((102, 51, 0)), plain((51, 51, 51)), source="mid",
            masks={"face": "masks/e.png"}, consent=["training"]),
    ]  # fmt: skip
    write_manifest(root, records)
    return root


def summary_of(root, **options):
    records = read_manifest(root)
    return summarise(records, list(inspect_pairs(root, records, **options)))


def test_counts_are_those_of_the_manifest(root):
    found = summary_of(root)

    assert (found["pairs"], found["subjects"]) == (5, 4)
    assert found["splits"] == {
        "train": {"pairs": 3, "subjects": 2},
        "val": {"pairs": 1, "subjects": 1},
        "test": {"pairs": 1, "subjects": 1},
    }
    assert found["sources"] == {"mid": 1, "session": 4}
    assert found["width_px"] == {"least": 5, "most": 8}
    assert found["height_px"] == {"least": 6, "most": 9}
    assert found["masks"] == {"face": 1}
    assert found["consent"] == {"none recorded": 4, "training": 1}
    assert found["skew_ms"] == {"pairs": 3, "lower": 15.0, "median": 20.0, "upper": 25.0}
    assert found["quality"]["sharp"]["pairs"] == 1
    assert found["damaged"] == {}


def test_statistics_of_light_are_those_computed_by_hand(root):
    light = summary_of(root)["light"]

    # Red of the flash pictures: 0.4, half 1 and half 0, 0, 0.4, 0.4: their mean is 1.7 / 5.
    # Mean squares 0.16, 0.5, 0, 0.16, 0.16: 0.98 / 5 = 0.196; variance 0.196 - 0.34 ** 2.
    assert light["flash"]["mean"] == pytest.approx([0.34, 0.2, 0.0], abs=1e-9)
    assert light["flash"]["deviation"] == pytest.approx([math.sqrt(0.0804), 0, 0], abs=1e-9)
    assert light["studio"]["mean"] == pytest.approx([0.2, 0.2, 0.2], abs=1e-9)
    assert light["mean_difference"] == pytest.approx([0.14, 0.0, -0.2], abs=1e-9)
    # Half of one picture in five is at 255.
    assert light["flash"]["clipped"] == pytest.approx(0.1, abs=1e-9)
    assert light["studio"]["clipped"] == 0
    # Gaps: sqrt((0.2² + 0.2²) / 3) = 0.1633 for a, c, d, e; b: sqrt((0.34 + 0.04) / 3).
    gap = light["low_frequency_gap"]
    assert (gap["lower"], gap["median"]) == pytest.approx((0.1633, 0.1633), abs=1e-4)
    worst = summary_of(root)["light"]["low_frequency_gap"]["upper"]
    assert worst == pytest.approx(0.1633, abs=1e-4)


def test_the_gap_sees_light_and_not_texture(tmp_path):
    checks = np.indices((256, 256)).sum(axis=0) % 2
    texture = np.repeat(np.where(checks, 140, 60).astype(np.uint8)[..., None], 3, axis=2)
    write_manifest(tmp_path, [add(tmp_path, "t", texture, plain(100, 256, 256))])

    gap = summary_of(tmp_path)["light"]["low_frequency_gap"]["median"]

    assert gap == pytest.approx(0, abs=1e-6)


def test_sixteen_bits_count_on_their_own_scale(tmp_path):
    bright = plain(65535, dtype=np.uint16)
    write_manifest(
        tmp_path, [add(tmp_path, "t", bright, plain(13107, dtype=np.uint16), encoding="srgb16")]
    )

    light = summary_of(tmp_path)["light"]

    assert light["flash"]["clipped"] == 1
    assert light["studio"]["mean"] == pytest.approx([0.2, 0.2, 0.2], abs=1e-9)
    assert light["low_frequency_gap"]["median"] == pytest.approx(0.8, abs=1e-9)


def test_only_the_largest_value_counts_as_clipped(tmp_path):
    write_manifest(tmp_path, [add(tmp_path, "t", plain((254, 254, 254)), plain((0, 0, 255)))])

    light = summary_of(tmp_path)["light"]

    assert (light["flash"]["clipped"], light["studio"]["clipped"]) == (0, 1)


def flip_a_byte(root):
    path = root / "flash/a.png"
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)


def cut(root):
    path = root / "studio/b.png"
    path.write_bytes(path.read_bytes()[:-9])


def remove_mask(root):
    (root / "masks/e.png").unlink()


def shrink_mask(root):
    write_picture(root / "masks/e.png", np.zeros((3, 4), np.uint8))


def change_record(root, index, **fields):
    records = read_manifest(root)
    records[index] = dataclasses.replace(records[index], **fields)
    write_manifest(root, records)


def claim_another_size(root):
    change_record(root, 2, width=50)


def claim_another_depth(root):
    change_record(root, 3, encoding="srgb16")


DAMAGE = [
    (flip_a_byte, "a", "SHA-256 differs", False),
    (cut, "b", "truncated", True),
    (remove_mask, "e", "is missing", True),
    (shrink_mask, "e", "is 4 x 3 pixels, the manifest says 8 x 6", False),
    (claim_another_size, "c", "is 5 x 9 pixels, the manifest says 50 x 9", False),
    (claim_another_depth, "d", "has 8 bits a channel, the manifest says srgb16", False),
]


@pytest.mark.parametrize(("damage", "pair", "said", "seen_by_quick"), DAMAGE)
def test_damage_is_found_and_named(root, damage, pair, said, seen_by_quick):
    damage(root)

    found = summary_of(root)["damaged"]
    assert list(found) == [pair]
    assert said in found[pair]
    assert "\n" not in found[pair]
    assert list(summary_of(root, quick=True)["damaged"]) == ([pair] if seen_by_quick else [])


def test_every_damaged_pair_is_listed_and_the_exit_code_is_two(root, tmp_path, capsys):
    cut(root)
    flip_a_byte(root)
    remove_mask(root)

    assert cli.main(["pairs", str(root), "--sheet", str(tmp_path / "s.jpg")]) == 2

    said = capsys.readouterr()
    for name in ("flash/a.png", "studio/b.png", "masks/e.png"):
        assert sum(name in line for line in said.out.splitlines()) == 1
    assert said.err.strip().splitlines()[-1].startswith("deepflash: 3 of 5 pairs")
    assert "Traceback" not in said.err
    # The sheet shows the whole ones: c and d.
    assert (tmp_path / "s.jpg").is_file()


def test_findings_come_in_order_whatever_the_number_of_threads(root):
    records = read_manifest(root) * 20

    for workers in (1, 3):
        found = list(inspect_pairs(root, records, workers=workers))
        assert [f.record.pair_id for f in found] == [r.pair_id for r in records]


def test_stopping_early_does_not_read_the_rest(root):
    records = read_manifest(root)
    gone = dataclasses.replace(records[0], pair_id="gone", flash="flash/gone.png")
    read = []

    class Watched(list):
        def __iter__(self):
            for record in super().__iter__():
                read.append(record)
                yield record

    findings = inspect_pairs(root, Watched([gone, *records * 40]), workers=2)
    assert next(findings).damage is not None
    findings.close()

    assert len(read) <= 5


def test_nothing_in_the_dataset_is_changed_and_the_sheet_goes_to_reports(
    root, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    before = digests(root)

    assert cli.main(["pairs", "five"]) == 0

    assert digests(root) == before
    assert capsys.readouterr().out.rstrip().endswith("reports/five-pairs.jpg")
    assert read_picture(tmp_path / "reports/five-pairs.jpg").shape[0] > 5 * 224


def test_no_sheet_writes_nothing_at_all(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = digests(tmp_path)

    assert cli.main(["pairs", "five", "--no-sheet"]) == 0

    assert digests(tmp_path) == before
    assert digests(root)


def test_json_is_the_same_report_and_nothing_else_on_stdout(root, capsys):
    assert cli.main(["pairs", str(root), "--no-sheet", "--json"]) == 0

    said = json.loads(capsys.readouterr().out)
    expected = summary_of(root)
    assert {name: said[name] for name in expected} == expected
    assert said["dataset"] == str(root)


def test_json_holds_the_damage_too(root, capsys):
    cut(root)

    assert cli.main(["pairs", str(root), "--no-sheet", "--json"]) == 2

    assert list(json.loads(capsys.readouterr().out)["damaged"]) == ["b"]


def test_quick_reads_no_picture(root, capsys):
    flip_a_byte(root)

    assert cli.main(["pairs", str(root), "--quick", "--no-sheet", "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["light"] is None


def test_text_fits_eighty_columns_and_names_the_figures(root):
    found = summary_of(root)
    found["consent"] = {f"a long scope of consent number {n}": n for n in range(9)}

    lines = as_text(found).splitlines()

    assert max(len(line) for line in lines) <= 80
    assert found["fingerprint"] in lines[0]
    assert [line.split() for line in lines if "train" in line] == [["train", "3", "2"]]
    for n in range(9):
        assert sum(f"number {n} {n}" in line for line in lines) == 1
    skew = next(line for line in lines if "skew" in line)
    assert skew.split() == ["skew", "(ms)", "3", "15", "20", "25"]
    flash = next(line for line in lines if "flash mean" in line)
    assert flash.split() == ["flash", "mean", "0.340", "0.200", "0.000", "10.00%"]


def test_the_sheet_shows_linear_pictures_encoded(tmp_path):
    # Linear 0.2140 is 0.5 sRGB-encoded: 16-bit 14029 -> 128.
    grey = plain(14029, 64, 64, dtype=np.uint16)
    record = add(tmp_path, "t", grey, grey, encoding="linear")

    sheet = pairs_sheet(tmp_path, [record], rows=1, title="t")

    # Flash, studio and their difference (none) are all the same mid-grey of 224 x 224 pixels.
    # The edges of letters add a few.
    assert 0 <= (sheet == 128).all(axis=2).sum() - 3 * 224 * 224 < 50


@pytest.mark.parametrize(("rows", "expected"), [(1, ["p0"]), (3, ["p0", "p4", "p8"])])
def test_the_sheets_rows_are_spread_over_the_dataset(tmp_path, rows, expected):
    shades = {f"p{n}": 20 + 25 * n for n in range(9)}
    records = [add(tmp_path, n, plain(s, 64, 64), plain(s, 64, 64)) for n, s in shades.items()]

    sheet = pairs_sheet(tmp_path, records, rows=rows, title="t")

    shown = [n for n, s in shades.items() if (sheet == s).all(axis=2).sum() >= 2 * 224 * 224]
    assert shown == expected


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "no pair dataset at nowhere"),
        (["five", "--rows", "0"], "--rows must be 1 or more"),
        (["five", "--sheet", "s.jpg", "--no-sheet"], "exclude each other"),
    ],
)
def test_a_wrong_request_is_one_line(root, tmp_path, monkeypatch, capsys, words, said):
    del root
    monkeypatch.chdir(tmp_path)

    assert cli.main(["pairs", *words]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_a_dataset_with_nothing_whole_has_no_sheet(root, tmp_path):
    for path in (root / "flash").iterdir():
        path.write_bytes(b"")

    with pytest.raises(DatasetError, match="5 of 5 pairs"):
        report(root, sheet=tmp_path / "s.jpg", rows=3, quick=False, as_json=False)

    assert not (tmp_path / "s.jpg").exists()
