"""Files that are shipped for one model: KEY.safetensors, and KEY.json, which says for which weights of the model they
were made, how, and what was measured of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from safetensors import SafetensorError

from core.errors import ModelError
from core.files import writing_into
from core.values import ModelCard

Record: TypeAlias = Mapping[str, Any]
T = TypeVar("T")

DAMAGE = (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, SafetensorError)


@dataclass(frozen=True)
class Shipped:
    """Files of one kind: what they hold, e.g. "a denoiser", and the command that makes them."""

    what: str
    command: str

    def record(self, card: ModelCard, folder: Path, parse: Callable[[Record], T]) -> T | None:
        """What parse makes of KEY.json; None where there is none, or it is of other weights. Raises ModelError where
        the file is damaged."""
        path = folder / f"{card.key}.json"
        if not path.is_file():
            return None
        with self._reading(path):
            record: Record = json.loads(path.read_text(encoding="utf-8"))
            return parse(record) if record["weights"] == card.sha256 else None

    def loader(self, card: ModelCard, folder: Path, parse: Callable[[bytes], T]) -> Callable[[], T] | None:
        """A function that gives what parse makes of KEY.safetensors, and raises ModelError where one of the files is
        damaged; None where record() says so."""
        with suppress(ModelError):
            if self.record(card, folder, bool) is None:
                return None

        def load() -> T:
            expected = self.record(card, folder, lambda record: record["sha256"])
            path = folder / f"{card.key}.safetensors"
            with self._reading(path):
                data = path.read_bytes()
                digest = hashlib.sha256(data).hexdigest()
                if digest != expected:
                    raise ValueError(f"sha256 is {digest}, its record says {expected}")
                return parse(data)

        return load

    def write(self, card: ModelCard, folder: Path, data: bytes, made: Record) -> None:
        """Write both files: data, and what is known of it. Raises InputError where it can't."""
        record = {"weights": card.sha256, "sha256": hashlib.sha256(data).hexdigest(), **made}
        with writing_into(folder):
            (folder / f"{card.key}.safetensors").write_bytes(data)
            (folder / f"{card.key}.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")

    @contextmanager
    def _reading(self, path: Path) -> Iterator[None]:
        try:
            yield
        except DAMAGE as error:
            remedy = f"Restore the files from the repository, or make them anew: {self.command}."
            raise ModelError(
                f"{path.parent.name}/{path.name}", f"can't be read as {self.what} ({error})", remedy
            ) from None
