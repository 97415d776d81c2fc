"""The child process of codec.py: a line of JSON and a compressed frame in, a line of JSON and an array out.

Run as a script. It imports nothing of ours, and needs no progress bars or downloads that pydicom would load.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import warnings
from typing import Any, BinaryIO

sys.modules["tqdm"] = sys.modules["requests"] = None  # type: ignore[assignment]

from pydicom.encaps import encapsulate  # noqa: E402
from pydicom.pixels.decoders.base import get_decoder  # noqa: E402

_MEMORY = 4 * 2**30  # bytes of address space


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer requests until the source ends; a frame that can't be decoded is answered with an empty object."""
    while line := source.readline():
        request: dict[str, Any] = json.loads(line)
        frame = source.read(request["length"])
        head, body = {}, b""
        with contextlib.suppress(Exception):  # whatever a codec says, the answer is that it can't
            array, properties = get_decoder(request["syntax"]).as_array(
                encapsulate([frame], has_bot=False), index=0, decoding_plugin=request["plugin"], **request["options"]
            )
            body = array.tobytes()
            head = {
                "dtype": array.dtype.str,
                "shape": array.shape,
                "photometric": properties["photometric_interpretation"],
                "length": len(body),
            }
        sink.write(json.dumps(head).encode() + b"\n" + body)
        sink.flush()


def main() -> None:
    """Keep standard output for answers, out of reach of what codecs print."""
    warnings.simplefilter("ignore")
    logging.disable()
    with contextlib.suppress(ImportError, OSError, ValueError):  # not every system has or grants such a limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, sink)


if __name__ == "__main__":
    main()
