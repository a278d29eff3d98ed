"""Mitsuba, found and switched on: the variant, its compiler, and one clear line where it lacks."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

from deepflash.errors import StudioError, UsageError

LLVM_VARIANT, CUDA_VARIANT = "llvm_ad_rgb", "cuda_ad_rgb"
# Mitsuba 3.9 aborts the whole process with LLVM 14 and 15, the defaults of Debian 12.
_KNOWN_LLVM = "19"
_OTHER_LLVM = ("20", "21", "18", "17")
_FOLDERS = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib/x86_64-linux-gnu")
_PROBE = (
    "import mitsuba as mi; mi.set_variant('llvm_ad_rgb'); import drjit as dr; "
    "dr.eval(dr.minimum(mi.Float([1, 2]), 1))"
)
_HELP = "install it with `make setup-system`, or name the file in DRJIT_LIBLLVM_PATH"


@cache
def mitsuba(device: str = "cpu") -> ModuleType:
    """Returns Mitsuba with its variant set, once a process.

    Args:
        device: `cpu` (LLVM) or `cuda` (OptiX).

    Raises:
        StudioError: Mitsuba is not installed, or lacks the compiler or the driver it needs.
    """
    if device not in ("cpu", "cuda"):
        raise UsageError(f"the device is cpu or cuda, got {device!r}")
    if device == "cpu":
        _set_llvm()
    try:
        import mitsuba as mi
    except ImportError as error:
        raise StudioError(
            "the synthetic studio needs Mitsuba; install the extra: pip install 'deepflash[synth]'"
        ) from error
    variant = LLVM_VARIANT if device == "cpu" else CUDA_VARIANT
    try:
        mi.set_variant(variant)
        import drjit as dr

        dr.eval(dr.minimum(mi.Float([1.0, 2.0]), 1.0))
    except (ImportError, RuntimeError, AttributeError) as error:
        need = "an NVIDIA driver with OptiX" if device == "cuda" else f"LLVM {_KNOWN_LLVM}; {_HELP}"
        raise StudioError(f"Mitsuba's variant {variant} does not start: it needs {need}") from error
    mi.set_log_level(mi.LogLevel.Error)
    return mi


def _set_llvm() -> None:
    named = os.environ.get("DRJIT_LIBLLVM_PATH")
    if named:
        if not Path(named).is_file():
            raise StudioError(f"DRJIT_LIBLLVM_PATH names {named}, which is not there; {_HELP}")
        return
    known = _library(_KNOWN_LLVM)
    if known:
        os.environ["DRJIT_LIBLLVM_PATH"] = str(known)
        return
    for version in _OTHER_LLVM:
        other = _library(version)
        if other and _starts_with(other):
            os.environ["DRJIT_LIBLLVM_PATH"] = str(other)
            return
    raise StudioError(f"Mitsuba needs LLVM {_KNOWN_LLVM} (libLLVM-{_KNOWN_LLVM}.so); {_HELP}")


def _library(version: str) -> Path | None:
    patterns = (f"libLLVM-{version}.so*", f"libLLVM.so.{version}*")
    for folder in (*_FOLDERS, f"/usr/lib/llvm-{version}/lib", *_multiarch()):
        for pattern in patterns:
            for path in sorted(Path(folder).glob(pattern)):
                return path
    return None


def _multiarch() -> list[str]:
    return [str(path) for path in Path("/usr/lib").glob("*-linux-gnu")]


def _starts_with(library: Path) -> bool:
    """Tries a version of LLVM in a process of its own, because a wrong one aborts it."""
    environment = {**os.environ, "DRJIT_LIBLLVM_PATH": str(library)}
    command = [sys.executable, "-c", _PROBE]
    return subprocess.run(command, env=environment, capture_output=True).returncode == 0
