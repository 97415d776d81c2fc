"""Passes without a way back on ONNX Runtime: the same logits but for rounding, in two thirds of the time."""

from __future__ import annotations

import copy
import io
import threading
import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from core.classifier import FULL

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_exporting = threading.Lock()  # the exporter keeps what it is at in globals


class ForwardOnly:
    """(FULL, C, h, w) -> (FULL, K) logits of network, as it was at the first call, which takes a second; any number of
    threads may call at once. lock is the one that is held while hooks are put on network."""

    def __init__(self, network: nn.Module, lock: Any) -> None:
        self._network, self._lock = network, lock
        self._session: InferenceSession | None = None

    def __call__(self, x: Tensor) -> Tensor:
        if self._session is None:
            with _exporting:
                self._session = self._session or _session(self._copied(), x)
        (logits,) = self._session.run(None, {"x": x.numpy(force=True)})
        return torch.from_numpy(logits)

    def _copied(self) -> nn.Module:
        """A copy of its own, without the hooks that others may have on it."""
        with self._lock:
            network = copy.deepcopy(self._network)
        for module in network.modules():
            module._forward_hooks.clear()
        return network


def _session(network: nn.Module, x: Tensor) -> InferenceSession:
    """A fixed size of the batch lets the runtime work out all padding beforehand, which is half of what it gains."""
    from onnxruntime import InferenceSession, SessionOptions  # the first page does without

    assert len(x) == FULL
    exported, options = io.BytesIO(), SessionOptions()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that is to replace this one is a package of its own
        torch.onnx.export(network, (x,), exported, dynamo=False, input_names=["x"])  # type: ignore[arg-type]
    options.intra_op_num_threads = torch.get_num_threads()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return InferenceSession(exported.getvalue(), options, providers=["CPUExecutionProvider"])
