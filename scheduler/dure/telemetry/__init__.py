"""What the room tells the outside: Prometheus metrics and structured logs."""

from dure.telemetry.collector import CONTENT_TYPE, RoomCollector, exposition
from dure.telemetry.latency import LoopLatency
from dure.telemetry.logs import configure_logs, job_logger, logger
from dure.telemetry.view import RoomView

__all__ = [
    "CONTENT_TYPE", "LoopLatency", "RoomCollector", "RoomView", "configure_logs", "exposition", "job_logger",
    "logger",
]  # fmt: skip
