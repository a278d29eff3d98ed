"""Runs an import as the command line does, and compares what it gave."""

import numpy as np

from deepflash.pairs.importers.cli import main
from deepflash.pairs.manifest import check_files, read_manifest
from deepflash.pictures import read_picture, to_unit
from tests.pairs.importers.fixtures import decode


def imported(kind, src, dest, *options):
    main([kind, str(src), str(dest), *options])
    records = {record.pair_id: record for record in read_manifest(dest)}
    check_files(dest, records.values())
    return records


def pictures(dest, record):
    return to_unit(read_picture(dest / record.flash)), to_unit(read_picture(dest / record.studio))


def assert_light(dest, record, answer, tolerance):
    """Compares in linear light, where a source's rounding is the same size everywhere."""
    for picture, expected in zip(pictures(dest, record), answer, strict=True):
        assert np.abs(decode(picture) - decode(expected)).max() < tolerance
