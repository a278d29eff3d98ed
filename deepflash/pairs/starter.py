"""The pair dataset that comes with the package, under a name instead of a path."""

from pathlib import Path

from deepflash.errors import DatasetError
from deepflash.pairs.manifest import MANIFEST

STARTER = "starter"
_PACKAGE = Path(__file__).parents[1]


def dataset_root(name: str) -> Path:
    """Returns the folder of a pair dataset: `starter` is the package's own, all else a path.

    A folder called `starter` in the working directory goes before the package's.

    Raises:
        DatasetError: this installation has no starter pairs.
    """
    path = Path(name)
    if name != STARTER or path.is_dir():
        return path
    packaged = _PACKAGE / STARTER
    if not (packaged / MANIFEST).is_file():
        raise DatasetError(
            "this installation has no starter pairs; render some with `deepflash synth` or draw "
            "some with `deepflash draw`, and name that folder"
        )
    return packaged
