"""A job file (YAML) as the JSON mapping of the API."""

from __future__ import annotations

from dure.ports import PolicyRefused
from dure_policies import reading, tree
from dure_policies.files import LARGEST, decode
from dure_policies.findings import Findings, Place
from dure_policies.keys import JOB
from dure_policies.reading import Entry


def read_spec(text: str, name: str) -> dict[str, object]:
    """The request in the text of a job file called `name`; amounts stay text, as the API takes them.

    Raises PolicyRefused with every finding: what is not YAML, keys that are unknown or there twice, values
    of the wrong kind. Whether tenant, flavors, volumes and so on exist is the server's to say.
    """
    findings = Findings()
    entry = _read(text, name, findings)
    if findings or entry is None:
        raise PolicyRefused(findings.lines())
    return _plain_mapping(entry)


def _read(text: str, name: str, findings: Findings) -> Entry | None:
    data = text.encode("utf-8", "surrogatepass")
    if len(data) > LARGEST:
        findings.add(
            Place(name), f"this is larger than {LARGEST} bytes; put the program into a file of its own"
        )
        return None
    seen = decode(data, name, findings)
    return None if seen is None else reading.read(tree.parse(seen, name, findings), JOB, findings)


def _plain_mapping(entry: Entry) -> dict[str, object]:
    return {key: _plain(read.value) for key, read in entry.items()}


def _plain(value: object) -> object:
    if isinstance(value, Entry):
        return _plain_mapping(value)
    return [_plain(read.value) for read in value] if isinstance(value, tuple) else value
