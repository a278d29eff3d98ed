"""Work for other processes, in a module of its own that imports little there."""

import os
import signal
import time
from pathlib import Path

from deepflash.enhance.plan import Job
from deepflash.enhance.worker import Attempt
from deepflash.errors import PictureError, StorageError


def jobs(*names):
    return [Job(Path(name), Path("out") / name) for name in names]


def told(job, text):
    return Attempt(job, error=PictureError(f"{job.source} {text}"))


def who(job):
    """Tells which process it is and how it is set up."""
    import cv2

    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    return told(
        job, f"{os.getpid()} {cv2.getNumThreads()} {os.environ['OMP_NUM_THREADS']} {ignored}"
    )


def fatal(job):
    """Is killed by some photographs, as by a kernel without memory."""
    if "bad" in job.source.name:
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGKILL)
    return told(job, "done")


def full(job):
    if job.source.name == "b":
        raise StorageError("cannot write b")
    return told(job, "done")


def slow(job):
    """Takes a second and leaves a file that tells who was at work."""
    Path(f"begun-{job.source}").write_text(str(os.getpid()))
    time.sleep(1)
    Path(f"ended-{job.source}").touch()
    return told(job, "done")
