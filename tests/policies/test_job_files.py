import pytest

from dure.ports import PolicyRefused
from dure_policies import read_spec

WHOLE = """\
command: [python3, train.py]
name: train
cpu: 2
memory: 4Gi
gpu: h100,a100:1
tasks: 2
time: 2h30m
time_limits: {h100: 1h, a100: 2h}
priority: -5
preemptible: false
project: P1
environment: {A: "1", EMPTY: ""}
mounts:
  - {volume: data, path: /data, read_only: true}
secrets: [HF_TOKEN]
after: ["0a1b"]
checkpoint_interval: 10m
hold: true
"""


def findings(text: str) -> list[str]:
    with pytest.raises(PolicyRefused) as refused:
        read_spec(text, "job.yaml")
    return list(refused.value.findings)


def test_a_job_file_becomes_the_mapping_of_the_api() -> None:
    """Amounts stay text as written, numbers and truths are such, order is kept."""
    assert read_spec(WHOLE, "job.yaml") == {
        "command": ["python3", "train.py"], "name": "train", "cpu": "2", "memory": "4Gi", "gpu": "h100,a100:1",
        "tasks": 2, "time": "2h30m", "time_limits": {"h100": "1h", "a100": "2h"}, "priority": -5,
        "preemptible": False, "project": "P1",
        "environment": {"A": "1", "EMPTY": ""}, "secrets": ["HF_TOKEN"], "after": ["0a1b"],
        "mounts": [{"volume": "data", "path": "/data", "read_only": True}], "checkpoint_interval": "10m",
        "hold": True,
    }  # fmt: skip


def test_a_gang_of_unlike_groups() -> None:
    """Groups stand in their order, each with what it says."""
    text = "command: [a]\ngroups:\n  - {name: head, cpu: 1}\n  - {count: 3, gpu: 'a100:1', command: [b, c]}\n"
    assert read_spec(text, "job.yaml")["groups"] == [
        {"name": "head", "cpu": "1"},
        {"count": 3, "gpu": "a100:1", "command": ["b", "c"]},
    ]


def test_a_script_may_have_many_lines() -> None:
    """A block of text is one argument."""
    text = "command:\n  - bash\n  - -c\n  - |\n    set -e\n\techo one\n    echo two\n".replace("\t", "    ")
    assert read_spec(text, "job.yaml")["command"] == ["bash", "-c", "set -e\necho one\necho two\n"]


def test_groups_that_name_their_commands_need_no_other() -> None:
    """The job's own command is for groups without one."""
    text = "groups:\n  - {name: head, command: [a]}\n  - {count: 3, command: [b]}\n"
    assert read_spec(text, "job.yaml") == {
        "groups": [{"name": "head", "command": ["a"]}, {"count": 3, "command": ["b"]}]
    }


def test_every_error_of_a_job_file_comes_at_once() -> None:
    """The same lines as for bundles, under the file's name."""
    text = "comand: [sleep, 10]\ntime: 12:30\nmemory: 4\nenvironment: {DEBUG: no}\nhold: yes\nhold: true\ncpus: 2\n"
    length = "a length of time from 1s to 3650d, for example 90s, 2h30m or 7d"
    assert findings(text) == [
        "job.yaml:1:1: there is no key 'comand' in a job; did you mean command?",
        f"job.yaml:2:7: YAML reads '12:30' as the number 750; write {length}",
        "job.yaml:3:9: '4' is not an amount of memory; write for example 512Mi or 4Gi",
        """job.yaml:4:22: YAML reads 'no' as false; write it in quotes: "no\"""",
        "job.yaml:5:7: some YAML reads 'yes' as true, some as text; write true",
        "job.yaml:6:1: the key 'hold' is here again, first on line 5; keep one",
        "job.yaml:7:1: there is no key 'cpus' in a job; did you mean cpu?",
    ]  # fmt: skip


def test_time_limits_are_lengths_by_flavor() -> None:
    """A limit for the whole job, or one of a flavor that is no length, is said where it stands."""
    text = "command: [a]\ntime_limits: {h100: 90, H100: 1h, a100: 5000d}\n"
    plain = "at most 63 lowercase letters, digits, dots and dashes, for example gpu-01"
    assert findings(text) == [
        "job.yaml:2:21: '90' is not a length of time; write for example 90s, 2h30m or 7d",
        f"job.yaml:2:25: 'H100' is not an id; write {plain}",
        "job.yaml:2:41: 5000d is out of range; write 1s to 3650d",
    ]
    [line] = findings("command: [a]\ntime_limits: 1h\n")
    assert (
        line == "job.yaml:2:14: this is '1h'; write a mapping from an id to a length of time from 1s to 3650d"
    )


@pytest.mark.parametrize("text", ["", "- a", "x", "[", "\0", "\ud800", "a: *b", "command: a", "{" * 10_000])
def test_what_is_no_job_file_is_refused(text: str) -> None:
    """Whatever the text is: findings with places, never a fault."""
    assert all(
        line.startswith("job.yaml:") and "; " in line and line.isprintable() for line in findings(text)
    )
