"""`deepflash export`: a run or checkpoint -> a model file that `deepflash enhance` uses."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deepflash import __version__
from deepflash.arguments import new_parser, parse
from deepflash.errors import UsageError
from deepflash.evaluate import model_of
from deepflash.model_file import load_model, save_model

_LICENCE = "Apache-2.0"
_SOURCES = (".ckpt", ".safetensors")
_FORMATS = (".safetensors", ".onnx")


def export(
    source: Path,
    destination: Path,
    *,
    licence: str = "",
    half: bool = False,
    opset: int | None = None,
) -> None:
    """Writes the network of a checkpoint as a model file.

    Args:
        source: run folder (its best checkpoint), `.ckpt`, or `.safetensors` for another format.
        destination: ends in `.safetensors`, which torch runs, or `.onnx`, which needs no torch.
        licence: of the weights, kept in the header; empty keeps the source's or Apache-2.0.
        half: stores the weights in half precision, half the size; they run as float32.
        opset: of ONNX; None for the one that most programs read.

    Raises:
        UsageError: another suffix, no checkpoint in the run, or an impossible opset.
        ModelFileError: not a checkpoint of ours, weights too large for half precision, or an
            ONNX file that would not give what the network gives.
        StorageError: the file could not be written.
    """
    if destination.suffix not in _FORMATS:
        raise UsageError(f"a model file ends in .safetensors or .onnx, got {destination}")
    if opset is not None and destination.suffix != ".onnx":
        raise UsageError(f"--opset is for ONNX; add --onnx, or drop it for {destination}")
    checkpoint = model_of(source)
    if checkpoint.suffix not in _SOURCES:
        raise UsageError(f"export reads a run folder, a .ckpt or a .safetensors, got {source}")
    model = load_model(checkpoint)  # refuses weights that the header's network cannot take
    licence = licence or model.header.get("licence", _LICENCE)
    header = _without_places(model.header)
    header |= {"licence": licence, "deepflash_version": __version__}
    if destination.suffix == ".safetensors":
        save_model(destination, model.net.state_dict(), header, half=half)
        return
    # Takes a second, and writing safetensors must not wait for it.
    from deepflash.onnx_export import OPSET, export_onnx

    export_onnx(destination, model.net, header, opset=OPSET if opset is None else opset, half=half)


def _without_places(header: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the header with the dataset's name instead of its place on this disk.

    A model file is passed on; the place says nothing to others and much about its maker.
    """
    training = dict(header.get("training") or {})
    dataset = training.get("dataset")
    if isinstance(dataset, dict) and "root" in dataset:
        name = Path(str(dataset["root"])).name
        training["dataset"] = {k: v for k, v in dataset.items() if k != "root"} | {"name": name}
    return {**header, "training": training}


def main(argv: Sequence[str]) -> None:
    """Runs `deepflash export`. Raises DeepFlashError for whatever the user can act on."""
    parser = new_parser("export", "Write a run's best network as a model file.")
    parser.add_argument("run", help="run folder, .ckpt or .safetensors")
    parser.add_argument(
        "-o", "--output", default="", help="default: models/<name>-<version>.safetensors or .onnx"
    )
    parser.add_argument("--onnx", action="store_true", help="for running without torch")
    parser.add_argument("--opset", type=int | None, default=None, help="of ONNX; default: 17")
    parser.add_argument(
        "--fp16", action="store_true", help="half precision in the file: half the size"
    )
    parser.add_argument(
        "--licence", default="", help=f"of the weights, kept in the header; default: {_LICENCE}"
    )
    args = parse(parser, argv)
    destination = _destination(Path(args.run), args.output, onnx=args.onnx)
    export(Path(args.run), destination, licence=args.licence, half=args.fp16, opset=args.opset)
    size = destination.stat().st_size / 1e6
    sys.stdout.write(
        f"{destination}  {size:.1f} MB\n"
        f"next: deepflash enhance PHOTO -o OUT --model {destination}\n"
    )


def _destination(run: Path, output: str, *, onnx: bool) -> Path:
    if not output:
        name = f"{run.parent.name}-{run.name}" if run.is_dir() else run.stem
        return Path(f"models/{name}.{'onnx' if onnx else 'safetensors'}")
    if onnx and Path(output).suffix != ".onnx":
        raise UsageError(f"with --onnx the file ends in .onnx, got {output}")
    return Path(output)
