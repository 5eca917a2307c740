"""Which GPU flavor a node has and a pod will take: by the rules' node selectors, else by NVIDIA's own labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dure.backends.kubernetes.names import GPU, MIG, PRODUCT, Json
from dure.model.node import GpuFlavor
from dure.model.resources import Flavor

_PROFILE = re.compile(r"(?:^|-)mig-([0-9]+g\.[0-9]+gb(?:\.[a-z0-9.]+)?)$")
_PROFILE_LABEL = re.compile(r"nvidia\.com/mig-([^/]+)\.(?:count|product|memory|replicas|slices\.[a-z]+)$")


def resource_of(flavor: GpuFlavor) -> str:
    """The resource that devices of a flavor are asked for by: MIG devices have one of their own per profile.

    A profile is named by a selector of the flavor (`nvidia.com/mig-1g.10gb.count`), else by the end of its own name
    (`a100-mig-1g.10gb`). A selector by `nvidia.com/gpu.product` alone means the device plugin's single strategy,
    under which MIG devices are plain GPUs.
    """
    keys = [key for key, _ in flavor.node_selector]
    for key in keys:
        if match := _PROFILE_LABEL.fullmatch(key):
            return MIG + match[1]
    if PRODUCT not in keys and (match := _PROFILE.search(flavor.name)):
        return MIG + match[1]
    return GPU


def flavor_on(labels: Mapping[str, str], resource: str, flavors: Iterable[GpuFlavor]) -> Flavor:
    """The flavor of a node's devices of one resource, "" where the rules know none.

    The one whose node selector the labels meet (the most exact one), else one without a selector whose name is that
    of the product.
    """
    fitting = [flavor for flavor in flavors if resource_of(flavor) == resource]
    selected = [one for one in fitting if one.node_selector and _meets(labels, one.node_selector)]
    if selected:
        return max(selected, key=lambda one: len(one.node_selector)).name
    product = labels.get(PRODUCT, "")
    named = [one for one in fitting if not one.node_selector and is_product(one.name, product)]
    return max(named, key=lambda one: len(one.name)).name if named else ""


def _meets(labels: Mapping[str, str], selector: Iterable[tuple[str, str]]) -> bool:
    return all(labels.get(key) == value for key, value in selector)


def is_product(name: Flavor, product: str) -> bool:
    """Whether every word of a flavor's name is one of the product's: `a100-80g` is NVIDIA-A100-SXM4-80GB."""
    base = re.sub(_PROFILE, "", name)
    words = set(re.split(r"[^a-z0-9.]+", product.lower()))
    return bool(product) and all(word in words or word + "b" in words for word in base.lower().split("-"))


def acceptable(spec: Json, resource: str, flavors: Iterable[GpuFlavor]) -> tuple[Flavor, ...]:
    """The flavors, in the rules' order, that a pod asking for this resource may land on by its own selectors."""
    return tuple(
        flavor.name for flavor in flavors if resource_of(flavor) == resource and _may_land(spec, flavor)
    )


def _may_land(spec: Json, flavor: GpuFlavor) -> bool:
    wanted = (spec.get("nodeSelector") or {}).items()
    if not all(_agrees(flavor, key, "In", [value]) for key, value in wanted):
        return False
    terms = list(required_terms(spec.get("affinity")))
    return not terms or any(_term_agrees(flavor, term) for term in terms)


def required_terms(affinity: Json | None) -> Iterator[Json]:
    """The terms of a required node affinity, of which one must hold."""
    node = (affinity or {}).get("nodeAffinity") or {}
    required = node.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    yield from required.get("nodeSelectorTerms") or ()


def _term_agrees(flavor: GpuFlavor, term: Json) -> bool:
    return all(
        _agrees(flavor, each["key"], each["operator"], each.get("values") or [])
        for each in term.get("matchExpressions") or ()
    )


def _agrees(flavor: GpuFlavor, key: str, operator: str, values: list[Any]) -> bool:
    """Whether nodes of a flavor can meet a requirement: one that says nothing of its GPUs rules nothing out."""
    known = dict(flavor.node_selector).get(key)
    if known is not None:
        return {"In": known in values, "NotIn": known not in values, "DoesNotExist": False}.get(
            operator, True
        )
    if key != PRODUCT or flavor.node_selector:
        return True
    named = any(is_product(flavor.name, str(value)) for value in values)
    return {"In": named, "NotIn": not named}.get(operator, True)
