"""Codecs in C do not speak to the user."""

import os
import threading

import numpy as np
import pytest
from PIL import Image

from deepflash.enhance.photo import read_photo
from deepflash.enhance.quiet import quiet_codecs
from deepflash.errors import PictureError


def test_a_damaged_tiff_prints_nothing(tmp_path, capfd):
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    path = tmp_path / "in.tiff"
    Image.fromarray(noise).save(path, compression="tiff_adobe_deflate")
    data = bytearray(path.read_bytes())
    data[500:600] = bytes(100)
    path.write_bytes(data)
    with pytest.raises(PictureError, match="damaged or cut"):
        read_photo(path)
    assert capfd.readouterr().err == ""


def test_the_stream_is_back_afterwards(capfd):
    def fails():
        with quiet_codecs():
            os.write(2, b"swallowed")
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        fails()
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"


def test_blocks_of_two_threads_may_overlap(capfd):
    first_is_in, second_is_in = threading.Event(), threading.Event()

    def second():
        first_is_in.wait()
        with quiet_codecs():
            second_is_in.set()
            first.join()  # ends before this one does
            os.write(2, b"swallowed")

    def silent():
        with quiet_codecs():
            first_is_in.set()
            second_is_in.wait()

    first, other = threading.Thread(target=silent), threading.Thread(target=second)
    for thread in (first, other):
        thread.start()
    for thread in (first, other):
        thread.join(timeout=20)
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"


def test_without_an_error_stream_nothing_happens(monkeypatch):
    def closed(_):
        raise OSError

    monkeypatch.setattr(os, "dup", closed)
    with quiet_codecs():
        pass
