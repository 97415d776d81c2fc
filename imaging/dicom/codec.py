"""Decodes compressed frames in a child process.

The codecs are C libraries. On damaged streams some of them abort or never return; here they take the child down,
or are stopped after a while, and the file is refused. The child is started on first use and serves one frame at a
time until this process ends.
"""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

SECONDS = 30.0  # for one frame
_CHILD = Path(__file__).with_name("codec_child.py")


class CodecFailed(Exception):
    """The codec refused the frame, broke down or took too long."""


class Codec:
    """A child process that decodes one frame at a time."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def decode(self, request: dict[str, Any], frame: bytes) -> tuple[npt.NDArray[Any], str]:
        """Stored values (H, W) or (H, W, 3), and their photometric interpretation; raises CodecFailed.

        request: syntax (UID), plugin (name of pydicom's decoding plugin) and options (of its decoder).
        """
        with self._lock:
            child = self._running()
            watchdog = threading.Timer(self._seconds, child.kill)
            watchdog.start()
            try:
                return self._ask(child, request, frame)
            except (OSError, EOFError, ValueError):
                self._stop()
                raise CodecFailed from None
            finally:
                watchdog.cancel()

    def close(self) -> None:
        """Stop the child."""
        with self._lock:
            self._stop()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._stop()
            self._child = subprocess.Popen(
                [sys.executable, "-P", str(_CHILD)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._child

    def _stop(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None

    @staticmethod
    def _ask(child: subprocess.Popen[bytes], request: dict[str, Any], frame: bytes) -> tuple[npt.NDArray[Any], str]:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(json.dumps({**request, "length": len(frame)}).encode() + b"\n")
        child.stdin.write(frame)
        child.stdin.flush()
        head = child.stdout.readline()
        if not head.endswith(b"\n"):
            raise EOFError
        reply = json.loads(head)
        if "length" not in reply:
            raise CodecFailed
        body = child.stdout.read(reply["length"])
        if len(body) != reply["length"]:
            raise EOFError
        return np.frombuffer(body, dtype=reply["dtype"]).reshape(reply["shape"]), reply["photometric"]


codec = Codec()
atexit.register(codec.close)
