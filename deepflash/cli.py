"""The `deepflash` command: one line a verb; a verb's module is imported when it is asked for."""

import importlib
import sys
from collections.abc import Sequence
from typing import NamedTuple

from deepflash import __version__
from deepflash.errors import DeepFlashError, UsageError, one_line


class Verb(NamedTuple):
    """Where a verb lives: a module with `main(argv) -> None`."""

    module: str
    summary: str


VERBS = {
    "import": Verb("deepflash.pairs.importers.cli", "a published dataset -> a pair dataset"),
    "draw": Verb("deepflash.pairs.drawn", "drawn heads -> a small pair dataset to try with"),
    "synth": Verb("deepflash.synth.cli", "rendered people -> a pair dataset"),
    "pairs": Verb("deepflash.pairs.report", "what a pair dataset holds: counts, integrity, sheet"),
    "fit": Verb("deepflash.train", "pairs -> a trained network in runs/"),
    "validate": Verb("deepflash.train", "a checkpoint on the validation pairs"),
    "test": Verb("deepflash.train", "a checkpoint on the test pairs"),
    "predict": Verb("deepflash.train", "a checkpoint's pictures of the test pairs"),
    "ablate": Verb("deepflash.ablate", "a family of experiments, one after the other, compared"),
    "evaluate": Verb("deepflash.evaluate", "a run, checkpoint or model file x pairs -> figures"),
    "compare": Verb("deepflash.compare.cli", "several runs -> one page"),
    "export": Verb("deepflash.export", "a run or checkpoint -> a model file"),
    "enhance": Verb("deepflash.enhance.cli", "flash photographs -> studio portraits"),
    "serve": Verb("deepflash.serving.cli", "the page that enhances photographs in a browser"),
}


_TRAIN = ("torch", "torchvision", "lightning", "torchmetrics", "albumentations", "skimage", "onnx")
_EXTRA_OF: dict[str, str] = {
    **dict.fromkeys((*_TRAIN, "rich"), "train"),
    **dict.fromkeys(("mitsuba", "drjit", "scipy"), "synth"),
    **dict.fromkeys(("aiohttp", "cryptography", "segno"), "web"),
}


def _help() -> str:
    lines = ["usage: deepflash VERB ...", "", "Turn a flash selfie into a studio portrait.", ""]
    lines += [f"  {name:10} {verb.summary}" for name, verb in VERBS.items()]
    lines += ["", "deepflash VERB --help   what a verb takes", "deepflash --version"]
    return "\n".join(lines) + "\n"


def run(argv: Sequence[str]) -> None:
    """Runs one verb in this process.

    Args:
        argv: the words after `deepflash`.

    Raises:
        DeepFlashError: whatever the user can act on.
    """
    if not argv or argv[0] in ("-h", "--help", "help"):
        sys.stdout.write(_help())
        return
    if argv[0] == "--version":
        sys.stdout.write(f"deepflash {__version__}\n")
        return
    if argv[0] not in VERBS:
        raise UsageError(f"there is no verb {argv[0]!r}; deepflash has {', '.join(VERBS)}")
    module = importlib.import_module(VERBS[argv[0]].module)
    # The four verbs of the trainer share one parser, which reads the verb itself.
    shared = VERBS[argv[0]].module == "deepflash.train"
    module.main(list(argv) if shared else list(argv[1:]))


def _output_is_read() -> bool:
    try:
        sys.stdout.flush()
    except (BrokenPipeError, ValueError):
        return False
    return True


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code: 0, 2 for an error, 130 when stopped."""
    try:
        run(sys.argv[1:] if argv is None else argv)
    except DeepFlashError as error:
        sys.stderr.write(f"deepflash: {one_line(error)}\n")
        return error.exit_code
    except ModuleNotFoundError as error:
        extra = _EXTRA_OF.get((error.name or "").split(".")[0])
        if extra is None:
            raise
        sys.stderr.write(
            f"deepflash: this verb needs {error.name}, which a light installation leaves out: "
            f"pip install 'deepflash[{extra}]'\n"
        )
        return UsageError.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("deepflash: stopped; the same command resumes where it can\n")
        return 130
    except BrokenPipeError:
        # Whoever reads our output has seen enough; any other pipe is a fault.
        if _output_is_read():
            raise
        return 0
    return 0
