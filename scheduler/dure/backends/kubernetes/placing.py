"""Ties a pod to one node: by a required node affinity on the node's own name, beside what its user asked for."""

from __future__ import annotations

from typing import Any

from dure.backends.kubernetes.flavors import required_terms
from dure.backends.kubernetes.names import NODE_NAME_FIELD, Json
from dure.model.job import NodeId

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def tied(affinity: Json | None, node: NodeId) -> Json:
    """A merge patch of the affinity by which a pod goes to this node and no other.

    Terms are alternatives, so each of the user's own gets the node; a tie of an earlier attempt is replaced.
    """
    here = {"key": NODE_NAME_FIELD, "operator": "In", "values": [node]}
    terms = [
        {**term, "matchFields": [*(term.get("matchFields") or ()), here]} for term in _free(affinity) or [{}]
    ]
    return {"nodeAffinity": {_REQUIRED: {"nodeSelectorTerms": terms}}}


def untied(affinity: Json | None) -> Json | None:
    """A merge patch that takes an earlier tie off; None where there was no affinity at all."""
    if affinity is None:
        return None
    terms = _free(affinity)
    return {"nodeAffinity": {_REQUIRED: {"nodeSelectorTerms": terms} if terms else None}}


def _free(affinity: Json | None) -> list[Json]:
    """The user's own terms."""
    terms = [_without_tie(term) for term in required_terms(affinity)]
    return [term for term in terms if term]


def _without_tie(term: Json) -> Json:
    fields: list[Any] = [each for each in term.get("matchFields") or () if each["key"] != NODE_NAME_FIELD]
    rest = {name: value for name, value in term.items() if name != "matchFields"}
    return {**rest, "matchFields": fields} if fields else rest
