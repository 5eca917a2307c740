"""What every test may ask for: the real traces, the unpacked test programs, one hypothesis profile."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
UNPACKED = ROOT / ".cache/debian/usr/bin"  # where tools/setup.py puts promtool and the like

os.environ["PATH"] = os.pathsep.join([str(UNPACKED), os.environ.get("PATH", os.defpath)])

# No deadline: speed belongs in bench/, and two busy cores make any deadline a dice roll. A failure prints the
# blob that replays it. `thorough` is for a night: pytest --hypothesis-profile=thorough.
settings.register_profile("ci", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("ci"), max_examples=2_000)
settings.load_profile("ci")


@pytest.fixture(scope="session")
def traces() -> Path:
    """The folder of real traces, beside the checkout. Without it: a failure in CI, a skip elsewhere."""
    folder = ROOT.parent / "shared/traces"
    if not folder.is_dir():
        message = "no ../shared/traces beside this checkout; tests on real traces need it"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return folder
