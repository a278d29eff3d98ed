"""Stands in for the binding in the camera's process: does one terrible thing, as told."""

import ctypes
import os
import signal
from typing import Any


def __getattr__(name: str) -> int:
    """Any constant."""
    if name.startswith("GP_"):
        return hash(name)
    raise AttributeError(name)


class GPhoto2Error(Exception):
    pass


def check_result(result: Any) -> Any:
    return result


def gp_log_add_func(*_: Any) -> int:
    return 0


class Context:
    def set_error_func(self, *_: Any) -> None: ...
    def set_message_func(self, *_: Any) -> None: ...


class PortInfoList:
    def load(self) -> None: ...

    def lookup_path(self, _: str) -> int:
        return 0

    def __getitem__(self, _: int) -> None: ...


class CameraAbilitiesList(PortInfoList):
    def load(self, *_: Any) -> None: ...

    def lookup_model(self, _: str) -> int:
        return 0


class Camera:
    def set_port_info(self, _: Any) -> None: ...
    def set_abilities(self, _: Any) -> None: ...

    def init(self, _: Any) -> None:
        match os.environ["STUB_CAMERA"]:
            case "hang":
                # PyDLL keeps the interpreter's lock: no other thread of the process runs.
                ctypes.PyDLL(None).sleep(600)
            case "crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "exception":
                raise RuntimeError("something that nobody expected")
