"""How the simulated camera answers the operations of the Picture Transfer Protocol."""

import struct
import threading
from collections import deque
from collections.abc import Callable

import msgspec

from acquisition.simulate.body import Body
from acquisition.simulate.card import PICTURE_BYTES, STORAGE, CardFile, TransferFault
from acquisition.simulate.ptp_codec import (
    NIKON_EXTENSION,
    DeviceInfo,
    Event,
    Malformed,
    Operation,
    Response,
    StorageInfo,
    pack_array,
    pack_value,
    unpack_value,
)
from acquisition.simulate.ptpip_link import Request

_NIKON_ONLY = {
    Operation.NIKON_CAPTURE,
    Operation.NIKON_AF_DRIVE,
    Operation.NIKON_CHECK_EVENT,
    Operation.NIKON_DEVICE_READY,
    Operation.NIKON_CAPTURE_TO_MEDIA,
}
_TO_MEMORY = 1
_ANY_STORAGE = (0, 0xFFFFFFFF)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a camera answers to an operation."""

    code: Response
    data: bytes | None = None
    parameters: tuple[int, ...] = ()
    fault: TransferFault | None = None
    """What goes wrong while `data` is on its way."""


class Operations:
    """Answers operations; safe to use from several connections.

    Args:
        body: the camera.
        nikon: with Nikon's operations, or the standard ones alone.
        serial: number of the body.
    """

    def __init__(self, body: Body, *, nikon: bool, serial: str) -> None:
        self._body = body
        self._nikon = nikon
        self._serial = serial
        self._lock = threading.Lock()
        self._events: deque[tuple[int, int]] = deque()
        self._handlers: dict[int, Callable[[Request], Answer]] = {
            Operation.GET_DEVICE_INFO: self._device_info,
            Operation.OPEN_SESSION: self._open_session,
            Operation.CLOSE_SESSION: lambda _: Answer(code=Response.OK),
            Operation.GET_STORAGE_IDS: self._storage_ids,
            Operation.GET_STORAGE_INFO: self._storage_info,
            Operation.GET_NUM_OBJECTS: self._object_count,
            Operation.GET_OBJECT_HANDLES: self._object_handles,
            Operation.GET_OBJECT_INFO: self._object_info,
            Operation.GET_OBJECT: self._object,
            Operation.GET_PARTIAL_OBJECT: self._partial_object,
            Operation.GET_THUMB: lambda _: Answer(code=Response.NO_THUMBNAIL),
            Operation.DELETE_OBJECT: self._delete,
            Operation.INITIATE_CAPTURE: self._release,
            Operation.GET_DEVICE_PROP_DESC: self._describe,
            Operation.GET_DEVICE_PROP_VALUE: self._value,
            Operation.SET_DEVICE_PROP_VALUE: self._set_value,
            Operation.NIKON_CAPTURE: self._release,
            Operation.NIKON_CAPTURE_TO_MEDIA: self._release_to_media,
            Operation.NIKON_AF_DRIVE: lambda _: Answer(code=Response.OK),
            Operation.NIKON_CHECK_EVENT: self._check_event,
            Operation.NIKON_DEVICE_READY: self._ready,
        }
        if not nikon:
            for operation in _NIKON_ONLY:
                del self._handlers[operation]

    def answer(self, request: Request) -> Answer:
        """Returns the answer; waits where the camera would."""
        handler = self._handlers.get(request.operation)
        if handler is None:
            return Answer(code=Response.OPERATION_NOT_SUPPORTED)
        try:
            return handler(request)
        except Malformed:
            return Answer(code=Response.INVALID_VALUE)

    def keep_event(self, code: int, parameter: int) -> bool:
        """Keeps an event until it is asked for; returns False if it must be sent instead."""
        if self._nikon:
            with self._lock:
                self._events.append((code, parameter))
        return self._nikon

    def _device_info(self, _: Request) -> Answer:
        info = DeviceInfo(
            manufacturer="DeepFlash",
            model="Simulated studio camera",
            version="1.0",
            serial=self._serial,
            operations=sorted(self._handlers),
            events=[int(event) for event in Event],
            properties=self._body.dials.codes(),
            extension=NIKON_EXTENSION if self._nikon else 0,
        )
        return Answer(code=Response.OK, data=info.pack())

    def _open_session(self, _: Request) -> Answer:
        with self._lock:
            self._events.clear()
        return Answer(code=Response.OK)

    def _storage_ids(self, _: Request) -> Answer:
        return Answer(code=Response.OK, data=pack_array([STORAGE], "I"))

    def _storage_info(self, request: Request) -> Answer:
        if request.parameter(0) != STORAGE:
            return Answer(code=Response.INVALID_STORAGE)
        card = self._body.card
        info = StorageInfo(
            capacity_bytes=card.capacity_bytes,
            free_bytes=card.free_bytes,
            free_pictures=card.free_bytes // PICTURE_BYTES,
            label="SIMULATED",
        )
        return Answer(code=Response.OK, data=info.pack())

    def _handles(self, request: Request) -> list[int]:
        if request.parameter(0) not in (STORAGE, *_ANY_STORAGE):
            return []
        return self._body.card.handles(request.parameter(2))

    def _object_count(self, request: Request) -> Answer:
        return Answer(code=Response.OK, parameters=(len(self._handles(request)),))

    def _object_handles(self, request: Request) -> Answer:
        return Answer(code=Response.OK, data=pack_array(self._handles(request), "I"))

    def _object_info(self, request: Request) -> Answer:
        info = self._body.card.describe(request.parameter(0))
        if info is None:
            return Answer(code=Response.INVALID_HANDLE)
        return Answer(code=Response.OK, data=info.pack())

    def _object(self, request: Request) -> Answer:
        file = self._body.card.find(request.parameter(0))
        if file is None:
            return Answer(code=Response.INVALID_HANDLE)
        return self._content(file, 0, None)

    def _partial_object(self, request: Request) -> Answer:
        file = self._body.card.find(request.parameter(0))
        if file is None:
            return Answer(code=Response.INVALID_HANDLE)
        return self._content(file, request.parameter(1), request.parameter(2))

    def _content(self, file: CardFile, offset: int, count: int | None) -> Answer:
        try:
            data = self._body.card.read(file, offset, count)
        except OSError:
            return Answer(code=Response.GENERAL_ERROR)
        parameters = () if count is None else (len(data),)
        return Answer(code=Response.OK, data=data, parameters=parameters, fault=file.fault)

    def _delete(self, request: Request) -> Answer:
        deleted = self._body.card.delete(request.parameter(0))
        return Answer(code=Response.OK if deleted else Response.INVALID_HANDLE)

    def _release(self, _: Request) -> Answer:
        return Answer(code=self._body.release())

    def _release_to_media(self, request: Request) -> Answer:
        to_memory = request.parameter(1) == _TO_MEMORY
        return Answer(code=self._body.release(to_memory=to_memory))

    def _ready(self, _: Request) -> Answer:
        return Answer(code=Response.DEVICE_BUSY if self._body.exposing else Response.OK)

    def _check_event(self, _: Request) -> Answer:
        with self._lock:
            events = list(self._events)
            self._events.clear()
        packed = b"".join(struct.pack("<HI", code, parameter) for code, parameter in events)
        return Answer(code=Response.OK, data=struct.pack("<H", len(events)) + packed)

    def _describe(self, request: Request) -> Answer:
        code = request.parameter(0)
        if not self._body.dials.has(code):
            return Answer(code=Response.PROPERTY_NOT_SUPPORTED)
        return Answer(code=Response.OK, data=self._body.dials.describe(code))

    def _value(self, request: Request) -> Answer:
        code, dials = request.parameter(0), self._body.dials
        if not dials.has(code):
            return Answer(code=Response.PROPERTY_NOT_SUPPORTED)
        return Answer(code=Response.OK, data=pack_value(dials.kind(code), dials.value(code)))

    def _set_value(self, request: Request) -> Answer:
        code, dials = request.parameter(0), self._body.dials
        if not dials.has(code):
            return Answer(code=Response.PROPERTY_NOT_SUPPORTED)
        accepted = dials.set(code, unpack_value(dials.kind(code), request.data))
        return Answer(code=Response.OK if accepted else Response.INVALID_VALUE)
