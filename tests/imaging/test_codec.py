"""The child process that decodes: it may break down or hang, and we go on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import JPEGBaseline8Bit

from imaging.dicom import codec as module
from imaging.dicom.codec import Codec, CodecFailed
from imaging.dicom.codestream import Declared, declared, without_jp2_wrapper
from tests.imaging.tiny import raster

GRAY = np.full((8, 16), 200, dtype=np.uint8)
REQUEST = {
    "syntax": JPEGBaseline8Bit,
    "plugin": "pillow",
    "options": {
        "pixel_keyword": "PixelData",
        "rows": 8,
        "columns": 16,
        "number_of_frames": 1,
        "samples_per_pixel": 1,
        "photometric_interpretation": "MONOCHROME2",
        "bits_allocated": 8,
        "bits_stored": 8,
        "pixel_representation": 0,
    },
}


@pytest.fixture(name="codec")
def _codec() -> Iterator[Codec]:
    codec = Codec(seconds=10)
    yield codec
    codec.close()


def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str) -> None:
    child = tmp_path / "child.py"
    child.write_text(f"import os, sys, time\nsys.stdin.buffer.readline()\n{code}\n")
    monkeypatch.setattr(module, "_CHILD", child)


def test_values_and_meaning_come_back(codec: Codec) -> None:
    values, photometric = codec.decode(REQUEST, raster(GRAY, "JPEG"))
    assert values.shape == (8, 16)
    assert np.abs(values.astype(int) - 200).max() <= 2
    assert photometric == "MONOCHROME2"


def test_a_refused_frame_does_not_stop_the_child(codec: Codec) -> None:
    codec.decode(REQUEST, raster(GRAY, "JPEG"))
    child = codec._child
    with pytest.raises(CodecFailed):
        codec.decode(REQUEST, b"nonsense")
    codec.decode(REQUEST, raster(GRAY, "JPEG"))
    assert codec._child is child


@pytest.mark.parametrize("code", ["os.abort()", "print('{')", "sys.exit()", "os.write(1, b'{\"length\": 9}\\n1234')"])
def test_a_child_that_breaks_down_costs_one_frame(
    codec: Codec, code: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patch:
        stand_in(patch, tmp_path, code)
        with pytest.raises(CodecFailed):
            codec.decode(REQUEST, raster(GRAY, "JPEG"))
    assert codec.decode(REQUEST, raster(GRAY, "JPEG"))[0].shape == (8, 16)


def test_a_child_that_hangs_is_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in(monkeypatch, tmp_path, "time.sleep(60)")
    start = time.monotonic()
    with pytest.raises(CodecFailed):
        Codec(seconds=0.5).decode(REQUEST, raster(GRAY, "JPEG"))
    assert time.monotonic() - start < 10


def test_a_child_that_died_between_frames_is_replaced(codec: Codec) -> None:
    codec.decode(REQUEST, raster(GRAY, "JPEG"))
    assert codec._child is not None
    codec._child.kill()
    codec._child.wait()
    assert codec.decode(REQUEST, raster(GRAY, "JPEG"))[0].shape == (8, 16)


def test_what_a_stream_declares() -> None:
    rgb = np.zeros((5, 7, 3), dtype=np.uint8)
    assert declared(raster(rgb, "JPEG")) == Declared(5, 7, 3, 8)
    assert declared(raster(rgb, "JPEG", progressive=True)) == Declared(5, 7, 3, 8)
    wrapped = raster(np.zeros((64, 70), dtype=np.uint8), "JPEG2000")
    assert declared(wrapped) is None
    assert declared(without_jp2_wrapper(wrapped)) == Declared(64, 70, 1, 8)


@pytest.mark.parametrize(
    "stream", [b"", b"\xff\xd8", b"\xff\xd8\xff", b"\xff\xd8\xff\xff\xff", b"\xff\x4f\xff\x51", b"x"]
)
def test_what_breaks_off_declares_nothing(stream: bytes) -> None:
    assert declared(stream) is None
    assert without_jp2_wrapper(stream) == stream
