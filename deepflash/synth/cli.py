"""`deepflash synth`: rendered people under a flash and in a studio, as a pair dataset."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace

from deepflash.arguments import new_parser, parse
from deepflash.errors import UsageError
from deepflash.synth.request import Request, read_request

_OPTIONS = {
    "people": "how many people; ten in a row cover ten steps of skin tone",
    "poses": "scenes per person",
    "lights": "pairs per scene, each in another light",
    "seed": "another seed, other people",
    "size": "width and height in pixels",
    "samples": "paths per pixel: noise against time",
    "layers": "keep the light layers, so that training can mix new light",
    "red_eyes": "share of scenes in which pupils may shine red",
    "plain_walls": "plain walls only, for an ablation",
    "targets": "all kinds of targets, or studio alone",
}


def _parser() -> ArgumentParser:
    parser = new_parser("synth", "Render people under a phone's flash and in a studio.")
    parser.add_argument("-o", "--output", type=Path, default=Path("pairs/synth"), help="folder")
    for name, text in _OPTIONS.items():
        default = getattr(Request, name)
        option = "--" + name.replace("_", "-")
        if isinstance(default, bool):
            parser.add_argument(option, action="store_true", help=text)
        else:
            parser.add_argument(option, type=type(default), default=default, help=text)
    parser.add_argument(
        "--head-model", type=Path, help="ICT-FaceKit's folder or compact .npz; else the cached one"
    )
    parser.add_argument("--jobs", type=int, default=0, help="processes; 0 for one per core")
    parser.add_argument("--shard", default="1/1", help="this machine's part, for example 2/8")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda for a GPU with OptiX")
    parser.add_argument("--resume", type=Path, help="go on with the stopped dataset in this folder")
    parser.add_argument(
        "--fetch-head-model", action="store_true", help="download ICT-FaceKit (MIT) once and stop"
    )
    parser.add_argument(
        "--show", action="store_true", help="write a contact sheet and a turntable, no dataset"
    )
    return parser


def main(argv: Sequence[str]) -> None:
    """Runs `deepflash synth`. Raises DeepFlashError; see `generate`."""
    asked = parse(_parser(), argv)
    if asked.fetch_head_model:
        from deepflash.synth.ict_facekit import fetch_head_model

        sys.stdout.write(f"the head model is in {fetch_head_model()}\n")
        return
    if asked.jobs < 0:
        raise UsageError(f"--jobs is 0 or more, got {asked.jobs}")
    if asked.show:
        _show(asked)
    else:
        _generate(asked)


def _request(asked: Namespace) -> Request:
    return Request(**{name: getattr(asked, name) for name in _OPTIONS})


def _generate(asked: Namespace) -> None:
    from deepflash.synth.generate import generate

    root = asked.resume or asked.output
    request = read_request(root) if asked.resume else _request(asked)
    faults = generate(
        root,
        request,
        head_model=asked.head_model,
        jobs=asked.jobs,
        shard=_shard(asked.shard),
        device=asked.device,
    )
    if faults:
        sys.stderr.write(f"{len(faults)} views failed their checks, the first: {faults[0]}\n")
    sys.stdout.write(f"{root}: look at it with `deepflash pairs {root}`\n")


def _shard(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)/(\d+)", str(text))
    if not found:
        raise UsageError(f"--shard is written like 2/8, got {text!r}")
    return int(found[1]), int(found[2])


def _show(asked: Namespace) -> None:
    from deepflash.synth.show import show

    folder = asked.output if asked.output != Path("pairs/synth") else Path("reports/synth")
    for path in show(folder, _request(asked), head_model=asked.head_model, device=asked.device):
        sys.stdout.write(f"{path}\n")
