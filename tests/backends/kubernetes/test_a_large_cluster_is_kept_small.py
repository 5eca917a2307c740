import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

FILL = """
import json, resource
from dure.backends.kubernetes.cache import Cache
from dure.backends.kubernetes.reading import Tenancy
from dure.backends.kubernetes.watch import Event, What

def pod(number):
    return json.loads(json.dumps({
        "metadata": {
            "name": f"job-{number // 4}-{number}", "namespace": "dure-lab",
            "uid": f"{number:08d}-aaaa-bbbb-cccc-000000000000",
            "resourceVersion": str(number), "creationTimestamp": "2026-11-22T08:00:00Z",
            "labels": {"batch.kubernetes.io/job-name": f"job-{number // 4}"},
            "annotations": {"dure.dev/attempt": "1"}, "finalizers": ["dure.dev/meter"],
        },
        "spec": {
            "nodeName": f"node-{number % 1000}",
            "containers": [{"name": "main", "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}],
        },
        "status": {
            "phase": "Running",
            "conditions": [
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-11-22T08:00:01Z"},
            ],
            "containerStatuses": [{"name": "main", "state": {"running": {"startedAt": "2026-11-22T08:00:02Z"}}}],
        },
    }))

cache = Cache(Tenancy({"dure-lab": "lab"}), lambda: None, lambda: 0)
for number in range(50_000):
    each = pod(number)
    cache.heard_pod(Event(What.ADDED, ("dure-lab", each["metadata"]["name"]), each["metadata"]["uid"], each))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_fifty_thousand_pods_fit_into_five_hundred_mebibytes() -> None:
    """Only what is needed of each is kept; measured in a process of its own."""
    filled = subprocess.run(
        [sys.executable, "-c", FILL], capture_output=True, text=True, check=True, timeout=250
    )
    assert int(filled.stdout) < 500
