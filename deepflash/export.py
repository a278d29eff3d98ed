"""`deepflash export`: a run or checkpoint -> a model file that `deepflash enhance` uses."""

import sys
from collections.abc import Sequence
from pathlib import Path

from deepflash import __version__
from deepflash.arguments import new_parser, parse
from deepflash.errors import UsageError
from deepflash.evaluate import model_of
from deepflash.model_file import load_model, read_checkpoint, save_model

_LICENCE = "Apache-2.0"


def export(source: Path, destination: Path, *, licence: str = _LICENCE) -> None:
    """Writes the network of a checkpoint as a model file.

    Args:
        source: run folder (its best checkpoint) or `.ckpt`.
        destination: ends in `.safetensors`.
        licence: of the weights, kept in the header.

    Raises:
        UsageError: another suffix, or the run has no checkpoint.
        ModelFileError: not a checkpoint of ours.
        StorageError: the file could not be written.
    """
    if destination.suffix != ".safetensors":
        raise UsageError(f"a model file ends in .safetensors, got {destination}")
    checkpoint = model_of(source)
    if checkpoint.suffix != ".ckpt":
        raise UsageError(f"export reads a run folder or a .ckpt, got {source}")
    weights, header = read_checkpoint(checkpoint)
    load_model(checkpoint)  # refuses weights that the header's network cannot take
    header |= {"licence": licence, "deepflash_version": __version__}
    save_model(destination, weights, header)


def main(argv: Sequence[str]) -> None:
    """Runs `deepflash export`. Raises DeepFlashError for whatever the user can act on."""
    parser = new_parser("export", "Write a run's best network as a model file.")
    parser.add_argument("run", help="run folder or .ckpt")
    parser.add_argument(
        "-o", "--output", default="", help="default: models/<name>-<version>.safetensors"
    )
    parser.add_argument("--licence", default=_LICENCE, help="of the weights, kept in the header")
    args = parse(parser, argv)
    run = Path(args.run)
    name = f"{run.parent.name}-{run.name}" if run.is_dir() else run.stem
    destination = Path(args.output or f"models/{name}.safetensors")
    export(run, destination, licence=args.licence)
    size = destination.stat().st_size / 1e6
    sys.stdout.write(
        f"{destination}  {size:.1f} MB\n"
        f"next: deepflash enhance PHOTO -o OUT --model {destination}\n"
    )
