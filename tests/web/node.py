"""Calls functions of the page's modules from Python, through one `node` process."""

import json
import struct
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"


class JsError(Exception):
    """A function threw; `said` is what the page would tell its visitor, or None."""

    def __init__(self, text: str, said: Any) -> None:
        super().__init__(text)
        self.said = said


class Node:
    """Runs `call("src/image/resize", "resizeArea", array, 10, 20)`.

    Arrays of two or three axes become pictures (`Image`), those of one axis typed arrays; dicts
    become objects. Pictures come back as [h, w] or [h, w, c], typed arrays as one axis.
    """

    def __init__(self) -> None:
        command = [str(ROOT / "scripts/node.sh"), "node", "--disable-warning=ExperimentalWarning"]
        self._process = subprocess.Popen(
            [*command, "tests/runner.ts"], cwd=WEB, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def call(self, module: str, name: str, *arguments: Any) -> Any:
        parts: list[bytes] = []
        call = {"module": module, "name": name, "arguments": _sent(list(arguments), parts)}
        header, body = json.dumps(call).encode(), b"".join(parts)
        assert self._process.stdin is not None
        self._process.stdin.write(struct.pack("<II", len(header), len(body)) + header + body)
        self._process.stdin.flush()
        first, second = struct.unpack("<II", self._read(8))
        reply, body = json.loads(self._read(first)), self._read(second)
        if "error" in reply:
            raise JsError(reply["error"], reply.get("said"))
        return _received(reply["result"], body)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)

    def _read(self, count: int) -> bytes:
        assert self._process.stdout is not None
        data = self._process.stdout.read(count)
        if len(data) < count:
            raise EOFError("node ended; what it said is above")
        return data


def _sent(value: Any, parts: list[bytes]) -> Any:
    if isinstance(value, np.ndarray):
        array = np.ascontiguousarray(value.astype(np.uint8) if value.dtype == bool else value)
        start = sum(len(part) for part in parts)
        # Typed arrays of eight bytes begin at multiples of eight.
        parts.append(array.tobytes() + bytes(-array.nbytes % 8))
        end = start + array.nbytes
        return {"$kind": str(array.dtype), "$from": start, "$to": end, "$shape": array.shape}
    if isinstance(value, dict):
        return {key: _sent(one, parts) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_sent(one, parts) for one in value]
    return value.item() if isinstance(value, np.generic) else value


def _received(value: Any, body: bytes) -> Any:
    if isinstance(value, list):
        return [_received(one, body) for one in value]
    if not isinstance(value, dict):
        return value
    if "$kind" in value:
        return np.frombuffer(body[value["$from"] : value["$to"]], value["$kind"])
    found = {key: _received(one, body) for key, one in value.items()}
    if set(found) == {"width", "height", "channels", "data"}:
        shape = (found["height"], found["width"], found["channels"])
        return found["data"].reshape(shape[:2] if shape[2] == 1 else shape)
    return found
