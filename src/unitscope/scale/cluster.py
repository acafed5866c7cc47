"""The Ray cluster that workers run on: one of this machine alone, or one that is there."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import tempfile
import warnings
from pathlib import Path

import ray

from unitscope.errors import UnitscopeError, one_line
from unitscope.progress import say

CONNECT_SECONDS = 5.0
STORE_BYTES = 256 * 2**20
"""Memory for what workers return, beside what they take; more of it goes to the disk."""
SETTINGS_FRAME, FRAME_HEAD = 4, 9
"""Of HTTP/2 (RFC 9113): the type of the first frame that either side sends, and the bytes of a frame's head."""
AUTO = "auto"
PORT = 6379
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
}
"""Nothing is reported to anybody, and a process without a GPU keeps its surroundings."""


class Cluster:
    """A connection to Ray, made when it is needed and ended with the work.

    A session that this process has already is used as it is, and left so.

    Args:
        address: ``HOST:PORT`` of the head, or ``auto``; None for processes of this machine.
    """

    def __init__(self, address: str | None) -> None:
        self.address = address
        self._own = False
        self._folder: Path | None = None

    def look(self) -> None:
        """Connect to a cluster that is there.

        Raises:
            UnitscopeError: it cannot be reached.
        """
        if self.address is not None and not ray.is_initialized():
            self._connect(self.address)

    def join(self, workers: int | None, threads: int, bytes_sent: int, *, gpus: int) -> None:
        """Start the processes of this machine, unless there is a session already.

        Raises:
            UnitscopeError: Ray does not start.
        """
        if ray.is_initialized():
            return
        count = workers or 1
        cores = os.cpu_count() or 1
        if count * threads > cores and not gpus:
            say(f"{count} workers of {threads} threads share {cores} cores")
        self._folder = Path(tempfile.mkdtemp(prefix="us-"))  # short, as paths of sockets must be
        self._init(
            address="local",
            num_cpus=count * threads,
            include_dashboard=False,
            object_store_memory=STORE_BYTES + 2 * bytes_sent,
            _temp_dir=str(self._folder),
        )

    def room(self, workers: int | None, threads: int, *, gpus: int) -> int:
        """Return how many workers there will be.

        Args:
            workers: how many are wanted; as many as there is room for when None.
            threads: of each.
            gpus: of each.

        Raises:
            UnitscopeError: there is no room for so many.
        """
        has = ray.cluster_resources()
        cores, cards = int(has.get("CPU", 0)), int(has.get("GPU", 0))
        if gpus and cards < (workers or 1) * gpus:
            raise UnitscopeError(
                f"each worker needs a GPU for itself: --workers {workers or 1} with --device 'cuda', and there "
                f"{'is' if cards == 1 else 'are'} {cards}; give --workers {max(cards, 1)}, or --device 'cpu'"
            )
        most = min(cores // threads, cards // gpus if gpus else cores)
        if most < (workers or 1):
            raise UnitscopeError(
                f"{workers or 1} workers of {threads} threads do not fit the {cores} processor cores that Ray has; "
                "give fewer --workers or --threads"
            )
        return workers or most

    def leave(self) -> None:
        """End the connection, and the processes that were started for it."""
        if self._own:
            ray.shutdown()
            self._own = False
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _connect(self, address: str) -> None:
        if address != AUTO:
            _knock(address)
        try:
            self._init(address=address)
        except Exception as error:
            self.leave()
            raise UnitscopeError(
                f"the Ray cluster {address!r} cannot be joined: {one_line(error)}; is this machine one of its nodes "
                "('ray status' tells, 'ray start --address HOST:PORT' makes it one)?"
            ) from error

    def _init(self, **told: object) -> None:
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                ray.init(log_to_driver=False, logging_level=logging.CRITICAL, **told)
            except Exception as error:
                if told["address"] != "local":
                    raise
                self.leave()
                raise UnitscopeError(
                    f"Ray does not start: {one_line(error)}; run without --workers"
                ) from error
        self._own = True


def _knock(address: str) -> None:
    """See that somebody listens at an address.

    Raises:
        UnitscopeError: it is no address, or nobody answers within seconds.
    """
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdigit():
        raise UnitscopeError(
            f"--cluster is {address!r}; it must be HOST:PORT of the head of a Ray cluster, such as 10.0.0.1:{PORT}, or "
            f"{AUTO}"
        )
    try:
        with socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS) as there:
            answers = _greets(there)
    except (OSError, OverflowError) as error:
        raise UnitscopeError(
            f"no Ray cluster answers at {address}: {one_line(error)}; 'ray status --address {address}' tells more"
        ) from error
    if not answers:
        raise UnitscopeError(
            f"what answers at {address} is no Ray cluster; give HOST:PORT of its head, as 'ray start --head' prints it"
        )


def _greets(there: socket.socket) -> bool:
    """Tell whether who listens answers as a server of gRPC; Ray itself would wait for minutes."""
    there.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, SETTINGS_FRAME, 0, 0, 0, 0, 0]))
    head = there.recv(FRAME_HEAD)
    return len(head) > 3 and head[3] == SETTINGS_FRAME
