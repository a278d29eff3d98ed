"""Drives the real libgphoto2 step by step: `python gphoto_client.py ADDRESS`.

A step is a line on stdin, `["trigger"]`; the answer is a line on stdout: when it began and ended,
and its result or the library's error code.
"""

import ctypes
import hashlib
import json
import os
import sys
import time
from pathlib import Path

import gphoto2 as gp


class Client:
    def __init__(self, address):
        self.address = address
        self.camera = None

    def connect(self):
        self.camera = None
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        camera = gp.Camera()
        abilities, ports = gp.CameraAbilitiesList(), gp.PortInfoList()
        abilities.load()
        ports.load()
        camera.set_abilities(abilities[abilities.lookup_model("PTP/IP Camera")])
        camera.set_port_info(ports[ports.lookup_path(self.address)])
        camera.init()
        self.camera = camera

    def trigger(self):
        self.camera.trigger_capture()

    def shoot(self, files=2):
        self.trigger()
        return self.events(5.0, files)

    def events(self, seconds, files=99):
        """Returns what came within the time, or until so many files and the word `complete`."""
        end, found = time.monotonic() + seconds, []
        while time.monotonic() < end:
            if "complete" in found and sum("DSC" in event for event in found) >= files:
                return [event for event in found if "DSC" in event]
            kind, data = self.camera.wait_for_event(50)
            if kind == gp.GP_EVENT_FILE_ADDED:
                found.append(f"{data.folder}/{data.name}")
            elif kind == gp.GP_EVENT_CAPTURE_COMPLETE:
                found.append("complete")
            elif kind == gp.GP_EVENT_UNKNOWN:
                found.append(str(data))
            time.sleep(0.005)
        return found

    def get(self, path):
        folder, _, name = path.rpartition("/")
        file = self.camera.file_get(folder, name, gp.GP_FILE_TYPE_NORMAL)
        data = bytes(file.get_data_and_size())
        return [len(data), hashlib.sha256(data).hexdigest()]

    def size(self, path):
        folder, _, name = path.rpartition("/")
        return self.camera.file_get_info(folder, name).file.size

    def delete(self, path):
        folder, _, name = path.rpartition("/")
        self.camera.file_delete(folder, name)

    def files(self, folder):
        return [name for name, _ in self.camera.folder_list_files(folder).items()]

    def setting(self, name):
        widget = self.camera.get_single_config(name)
        return [widget.get_value(), list(widget.get_choices())]

    def has_value(self, name):
        widget = self.camera.get_single_config(name)
        library = ctypes.CDLL(str(Path(gp.__file__).parent / "libgphoto2" / "libgphoto2.so.6"))
        value = ctypes.c_void_p()
        library.gp_widget_get_value(ctypes.c_void_p(int(widget.this)), ctypes.byref(value))
        return value.value is not None

    def set(self, name, value):
        widget = self.camera.get_single_config(name)
        widget.set_value(value)
        self.camera.set_single_config(name, widget)

    def free_kb(self):
        return self.camera.get_storageinfo()[0].freekbytes

    def sleep(self, seconds):
        time.sleep(seconds)


def main():
    # libgphoto2 closes descriptor 0 whenever it lets go of a PTP/IP camera.
    steps = os.fdopen(os.dup(0))
    client = Client(sys.argv[1])
    for line in steps:
        name, *arguments = json.loads(line)
        began = time.monotonic_ns()
        try:
            result = getattr(client, name)(*arguments)
        except gp.GPhoto2Error as error:
            result = {"error": error.code}
        print(json.dumps([began, time.monotonic_ns(), result]), flush=True)


main()
