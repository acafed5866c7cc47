"""A cluster of several machines, which are processes here: one is lost for good, and others that cannot be reached."""

from __future__ import annotations

import logging
import socket
import threading
import time
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from scale_cases import PIECE, Mortal, assert_same, dissect

from unitscope.errors import UnitscopeError
from unitscope.experiments.pieces import done_by, small_pieces
from unitscope.experiments.settings import Spread

ray = pytest.importorskip("ray")

from unitscope.scale import pool, spread  # noqa: E402
from unitscope.scale.cluster import SETTINGS  # noqa: E402
from unitscope.scale.spread import running_in  # noqa: E402


class Quiet(BaseHTTPRequestHandler):
    """A server of something else, which says nothing of what it is asked."""

    def log_message(self, *_):
        pass


@pytest.fixture
def machines(monkeypatch):
    """Two nodes of one core each; the first is the head."""
    from ray.cluster_utils import Cluster

    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told = {"num_cpus": 1, "object_store_memory": 100 * 2**20, "include_dashboard": False}
        cluster = Cluster(initialize_head=True, head_node_args=told)
        second = cluster.add_node(
            **{name: value for name, value in told.items() if name != "include_dashboard"}
        )
        cluster.wait_for_nodes()
        yield cluster, second
        ray.shutdown()
        cluster.shutdown()
        logging.getLogger("ray").handlers.clear()


@pytest.mark.slow
def test_a_machine_that_is_lost_for_good_costs_its_pieces_only(machines, tmp_path):
    cluster, second = machines
    note = tmp_path / "note"

    def lose() -> None:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            if note.is_file() and len(set(note.read_text().split())) == 2:
                cluster.remove_node(second, allow_graceful=False)
                return
            time.sleep(0.01)

    losing = threading.Thread(target=lose)
    losing.start()
    with small_pieces(PIECE), running_in(1):
        with done_by(None, threads=1):
            dissect(tmp_path / "inline")
        # As many workers as there are cores: two.
        with spread(Spread(cluster=cluster.address)):
            dissect(tmp_path / "run", Mortal(note=note, wait=0.2))
            losing.join()
        assert second not in cluster.list_all_nodes()
    assert_same(tmp_path / "inline", tmp_path / "run")


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def refused(address: str, message: str) -> None:
    start = time.monotonic()
    with pytest.raises(UnitscopeError, match=message), spread(Spread(cluster=address)):
        pass
    assert time.monotonic() - start < 60
    assert not ray.is_initialized()


def test_a_cluster_that_cannot_be_reached_is_refused_within_seconds(monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    port = closed_port()
    refused(f"127.0.0.1:{port}", f"no Ray cluster answers at 127.0.0.1:{port}: .*refused")
    for address in ("nowhere", "ray://127.0.0.1:10001", "10.0.0.1:port", ""):
        refused(address, "it must be HOST:PORT of the head of a Ray cluster")


def test_something_else_that_listens_is_no_cluster(monkeypatch):
    monkeypatch.setattr("unitscope.scale.cluster.CONNECT_SECONDS", 1.0)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        refused(address, f"no Ray cluster answers at {address}: .*timed out")
    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        address = f"127.0.0.1:{server.server_port}"
        threading.Thread(target=server.handle_request, daemon=True).start()
        refused(address, f"what answers at {address} is no Ray cluster")


def test_where_no_cluster_runs_auto_finds_none(monkeypatch, tmp_path):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    # Other tests may have a cluster of their own at the same time.
    monkeypatch.setattr("ray._private.services.find_gcs_addresses", set)
    refused("auto", "the Ray cluster 'auto' cannot be joined: ")


def test_all_workers_lost_end_the_work(tmp_path, monkeypatch):
    hands = pool.Pool(1, None, 1)
    monkeypatch.setattr(pool, "LOST_SECONDS", 0.0)
    monkeypatch.setattr(pool.ray, "wait", lambda *_, **__: ([], []))
    with pytest.raises(
        UnitscopeError, match="all workers are lost, and none could be started in 0 s; what was"
    ):
        hands._next()
