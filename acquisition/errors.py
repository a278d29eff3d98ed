"""Everything that can go wrong for an operator, each error one line long.

AcquisitionError
├── UsageError        the command line or a profile asks for something that does not exist
├── CameraError       the studio camera is missing, claimed, busy, asleep, or answered wrongly
│   ├── CameraSilent      it went away or gave no answer: it may have done what it was told
│   │   └── CameraTimeout     it did not answer in time; its process was restarted
│   └── DownloadError     a file came down incomplete or not as announced; it is still on the card
├── PhoneError        the phone is away, refuses, or has no flash: it took no picture
│   └── PhoneSilent       it was told to take a picture and went silent: it may have taken it
├── LightsError       a light controller did not take the scene
├── StoreError        a file could not be written or read; what was there before is still there
├── SessionError      a session folder is damaged, newer than this program, or in use
├── ConsentError      no valid consent covers what was asked
├── CalibrationError  a calibration shot cannot be read
├── RefusedError      somebody knocked with no right to: token, origin, size or type is wrong
└── StoppedError      the operator stopped the work; exit code 130

What `deepflash` itself says of files that both share (`deepflash.errors`: a pair dataset, the face
models) reaches the operator in the same way.

A message says what was asked, what came, and what to do next. The command line prints it
and leaves with exit code 2.
"""


class AcquisitionError(Exception):
    """Base of all errors that an operator can act on."""

    exit_code = 2


class UsageError(AcquisitionError):
    """The command line or a profile asks for something that does not exist."""


class CameraError(AcquisitionError):
    """The studio camera is missing, claimed, busy, asleep, or answered wrongly."""


class CameraSilent(CameraError):  # noqa: N818 - says what happened
    """The camera went away or gave no answer: it may have done what it was told."""


class CameraTimeout(CameraSilent):
    """The camera did not answer in time; its process was restarted."""


class DownloadError(CameraError):
    """A file came down incomplete or not as announced; it is still on the card."""


class PhoneError(AcquisitionError):
    """The phone is away, refuses, or has no flash: it took no picture."""


class PhoneSilent(PhoneError):  # noqa: N818 - says what happened
    """The phone was told to take a picture and went silent: it may have taken it."""


class LightsError(AcquisitionError):
    """A light controller did not take the scene."""


class StoreError(AcquisitionError):
    """A file could not be written or read; what was there before is still there."""


class SessionError(AcquisitionError):
    """A session folder is damaged, newer than this program, or in use."""


class ConsentError(AcquisitionError):
    """No valid consent covers what was asked."""


class CalibrationError(AcquisitionError):
    """A calibration shot cannot be read."""


class RefusedError(AcquisitionError):
    """Somebody knocked with no right to: the token, origin, size or type is wrong."""


class StoppedError(AcquisitionError):
    """The operator stopped the work."""

    exit_code = 130


def one_line(error: BaseException) -> str:
    """Returns the message of `error` as a single line, or its type if it has none."""
    return " ".join(str(error).split()) or type(error).__name__
