import re
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.house.tree import ROOT, committed_files

PACKAGES = {"dure": "scheduler", "dure_policies": "policies", "dure_cli": "cli"}
BUNDLES = ("biohub", "demo", "easy")
IMPORT_ALL = """
import importlib, pkgutil, dure, dure_policies, dure_cli
for package in (dure, dure_policies, dure_cli):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if "migrations" not in found.name and not found.name.endswith("__main__"):
            importlib.import_module(found.name)
print(dure.__file__)
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    (built,) = folder.glob("dure-*.whl")
    return built


@pytest.fixture(scope="module")
def venv(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel and what the runtime lock names; nothing from the checkout."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    python = folder / "bin/python"
    run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        wheel,
    )
    (site,) = folder.glob("lib/python3*/site-packages")
    lock = (ROOT / "requirements/runtime.txt").read_text(encoding="utf-8")
    for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE):
        link_distribution(name, site)
    return folder


def link_distribution(name: str, site: Path) -> None:
    """Put an installed distribution into another environment, without downloading it again."""
    installed = distribution(name)
    tops = {path.parts[0] for path in installed.files or ()} - {"..", "__pycache__"}
    for top in sorted(tops):
        (site / top).symlink_to(str(installed.locate_file(top)))


def run(*command: object, cwd: Path | None = None) -> str:
    words = [str(word) for word in command]
    done = subprocess.run(words, check=False, cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_wheel_carries_every_file_of_the_three_packages(wheel: Path) -> None:
    """Modules, migrations, schemas, templates and fonts: whatever a package holds, the wheel holds."""
    carried = set(zipfile.ZipFile(wheel).namelist())
    for package, folder in PACKAGES.items():
        base = ROOT / folder
        here = {
            path.relative_to(base).as_posix()
            for path in committed_files()
            if path.is_relative_to(base / package)
        }
        assert here
        assert here - carried == set()


def test_the_wheel_carries_the_bundles_and_the_licence(wheel: Path) -> None:
    """Someone without a checkout has the example rooms to start from."""
    carried = set(zipfile.ZipFile(wheel).namelist())
    for bundle in BUNDLES:
        files = {path.name for path in (ROOT / "policies" / bundle).glob("*.yaml")}
        assert files
        assert {f"dure_policies/bundles/{bundle}/{name}" for name in files} <= carried
    assert any(name.endswith("licenses/LICENSE") for name in carried)


def test_every_module_imports_with_the_runtime_lock_alone(venv: Path) -> None:
    """Nothing that only tests need is needed to run, and nothing comes from the checkout."""
    where = run(venv / "bin/python", "-I", "-c", IMPORT_ALL, cwd=venv).strip()
    assert Path(where).is_relative_to(venv)


def test_the_command_works_without_a_checkout(venv: Path) -> None:
    """`dure` starts, and accepts the bundles that came with it."""
    assert "Usage: dure" in run(venv / "bin/dure", "--help", cwd=venv)
    (bundles,) = venv.glob("lib/python3*/site-packages/dure_policies/bundles")
    for bundle in BUNDLES:
        run(venv / "bin/dure", "policy", "validate", bundles / bundle, cwd=venv)
