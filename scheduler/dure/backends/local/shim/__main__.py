"""Run as a file, without site-packages: `python -I -S .../shim/__main__.py TASK-FOLDER`, orders on stdin."""

import signal
import sys

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP, signal.SIGINT})
sys.path.insert(0, __file__.rsplit("/", 5)[0])

from dure.backends.local.shim.task import main  # noqa: E402 - importable from here on

if __name__ == "__main__":
    main(sys.argv[1])
