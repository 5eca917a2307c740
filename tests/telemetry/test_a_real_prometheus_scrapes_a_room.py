import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from prometheus_client.registry import Collector

from dure.ledger import open_ledger
from dure.telemetry import CONTENT_TYPE, LoopLatency, RoomCollector, exposition
from tests.ledger.small_room import T0, SmallRoom
from tests.telemetry.room_to_watch import VIEW

CONFIG = """
global: {scrape_interval: 200ms, scrape_timeout: 200ms}
scrape_configs:
  - job_name: dure
    static_configs: [{targets: ["127.0.0.1:%d"]}]
"""
ENOUGH_S = 60


@contextmanager
def endpoint(collector: Collector) -> Iterator[int]:
    """A collector on a free port of the loopback, each scrape answered anew."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.end_headers()
            self.wfile.write(exposition(collector))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def prometheus(folder: Path, target: int) -> Iterator[str]:
    """A real Prometheus on a free port that scrapes the target; its address. Ended by its own id."""
    program = shutil.which("prometheus")
    assert program, "prometheus is not here; `make setup-test` puts it in .cache/debian"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "prometheus.yml").write_text(CONFIG % target)
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(
            [
                program, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
            cwd=folder,
        )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def answer(address: str, query: str) -> dict[tuple[str, ...], float]:
    """What a query answers: (label values in the order of label names) -> value; empty while there is nothing."""
    url = f"{address}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            result = json.load(response)["data"]["result"]
    except (urllib.error.URLError, ConnectionError):
        return {}
    return {tuple(v for _, v in sorted(line["metric"].items())): float(line["value"][1]) for line in result}


def eventually(address: str, query: str, expected: dict[tuple[str, ...], float]) -> None:
    """Ask until the answer is the expected one, a bounded time long."""
    end = time.monotonic() + ENOUGH_S
    found: dict[tuple[str, ...], float] = {}
    while time.monotonic() < end:
        found = answer(address, query)
        if found == expected:
            return
        time.sleep(0.1)
    assert found == expected


@pytest.mark.slow
def test_the_query_api_answers_what_the_ledger_holds(tmp_path: Path) -> None:
    """From a ledger file through the collector, HTTP and a real Prometheus, the numbers arrive unchanged."""
    ledger = SmallRoom(minutes=3).fill(open_ledger(tmp_path / "ledger.db"))
    reader = open_ledger(tmp_path / "ledger.db", read_only=True)
    collector = RoomCollector(reader.totals, lambda: VIEW, lambda: T0 + 190_000, LoopLatency(), "0.1.0")
    by = "sum by (tenant, resource) (dure_tenant_resource_seconds_total)"
    with endpoint(collector) as port, prometheus(tmp_path, port) as address:
        totals = ledger.totals()
        eventually(address, by, expected_use(totals.use))
        eventually(address, "sum(dure_room_state_resource_seconds_total{resource='cpu'})", {(): 6.0 * 180})
        eventually(address, "dure_ledger_lag_seconds - 10 == 0", {(f"127.0.0.1:{port}", "dure", "p"): 0.0})
        told = list(SmallRoom(minutes=4).tell())[-1]
        ledger.ingest("local", "p", told.watermark, told.slices, told.planner)
        assert ledger.totals().use != totals.use
        eventually(address, by, expected_use(ledger.totals().use))
    reader.close()
    ledger.close()


def expected_use(use: object) -> dict[tuple[str, ...], float]:
    assert isinstance(use, dict)
    unit = {"cpu": (1, 10**6), "memory": (2**20, 10**3), "gpu:a100": (1, 10**3)}
    return {(r, tenant): n * unit[r][0] / unit[r][1] for (tenant, r), n in use.items()}
