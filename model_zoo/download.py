"""Weights of models from elsewhere: fetched over https into the folder of models, whole and verified, or not at all."""

from __future__ import annotations

import hashlib
import http.client
import tempfile
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO
from urllib.parse import quote

from core.errors import Cancelled, ModelError
from core.progress import Report
from core.values import ModelCard
from model_zoo.cards import models_folder

HUB = "https://huggingface.co"
MOST_BYTES = 2 << 30
TIMEOUT_S = 30.0
CHUNK = 1 << 18


def fetch(card: ModelCard, report: Report | None = None, cancel: threading.Event | None = None) -> Path:
    """Fetches the weights of a foreign card and returns where they lie.

    report gets the share fetched where the server says how much there is. Raises Cancelled once cancel is set, and
    ModelError where the file can't be had; nothing is left behind then.
    """
    folder = models_folder()
    url = address(card)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _opened(url) as answer, tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as partial:
            try:
                digest = _copy(answer, partial, report, cancel)
                partial.close()
                if card.sha256 and digest != card.sha256:
                    raise _Refused(f"the file has sha256 {digest}, the card says {card.sha256}")
                Path(partial.name).replace(folder / card.weights)
            finally:
                Path(partial.name).unlink(missing_ok=True)
    except (OSError, ValueError, http.client.HTTPException) as error:  # an URLError is an OSError
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        remedy = f"Get that file yourself and put it, named {card.weights}, into {folder}."
        raise ModelError(f"Weights of {card.key}", f"can't be fetched from {url} ({error})", remedy) from None
    return folder / card.weights


def address(card: ModelCard) -> str:
    """The address of the weights; raises ModelError where the card names none."""
    if not card.source:
        remedy = f"Put the file {card.weights} into {models_folder()}."
        raise ModelError(f"Weights of {card.key}", "the card names no source", remedy)
    if not card.source.startswith("hf-hub:"):
        return card.source
    owner, repository, *file = card.source.removeprefix("hf-hub:").split("/")
    return f"{HUB}/{owner}/{repository}/resolve/main/{quote(file[0] if file else card.weights)}"


class _Refused(ValueError):
    """An answer that is not taken."""


class _HttpsOnly(urllib.request.HTTPRedirectHandler):
    """Follows redirects to https addresses only."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        try:
            _check_address(newurl)
        except _Refused:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check_address(url: str) -> None:
    if not url.startswith(("https://", f"{HUB}/")):
        raise _Refused(f"{url} is no https address")


def _opened(url: str) -> http.client.HTTPResponse:
    _check_address(url)
    request = urllib.request.Request(url, headers={"User-Agent": "second-look"})
    answer: http.client.HTTPResponse = urllib.request.build_opener(_HttpsOnly).open(request, timeout=TIMEOUT_S)
    return answer


def _copy(
    answer: http.client.HTTPResponse, target: IO[bytes], report: Report | None, cancel: threading.Event | None
) -> str:
    """Copies the whole answer and returns its sha256."""
    total = int(answer.headers.get("Content-Length", 0))
    digest, copied = hashlib.sha256(), 0
    while chunk := answer.read(CHUNK):
        if cancel is not None and cancel.is_set():
            raise Cancelled
        copied += len(chunk)
        if max(copied, total) > MOST_BYTES:
            raise _Refused(f"the file is larger than {MOST_BYTES:,} bytes")
        target.write(chunk)
        digest.update(chunk)
        if report is not None and total:
            report(min(1.0, copied / total))
    if copied < total:
        raise _Refused(f"the connection ended after {copied:,} of {total:,} bytes")
    return digest.hexdigest()
