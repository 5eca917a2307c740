"""Every label, annotation, gate and finalizer by which dure speaks with Kubernetes objects, in one place."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

Json: TypeAlias = dict[str, Any]
"""An object as the API server gives it, parsed; read, never changed."""

# What is asked for. A tenant may write these itself, with kubectl, before the job has started.
NAME: Final = "dure.dev/name"
PROJECT: Final = "dure.dev/project"
PRIORITY: Final = "dure.dev/priority"
PREEMPTIBLE: Final = "dure.dev/preemptible"
FLAVORS: Final = "dure.dev/flavors"
TIME_LIMIT: Final = "dure.dev/time-limit"
TIME_LIMITS: Final = "dure.dev/time-limits"
AFTER: Final = "dure.dev/after"
CHECKPOINT_INTERVAL: Final = "dure.dev/checkpoint-interval"
KEY: Final = "dure.dev/idempotency-key"

TENANT_MAY_SET: Final = frozenset(
    {NAME, PROJECT, PRIORITY, PREEMPTIBLE, FLAVORS, TIME_LIMIT, TIME_LIMITS, AFTER, CHECKPOINT_INTERVAL, KEY}
)

# Who asked, stamped by a mutating policy from the request's user, or by dure for whom it submits.
USER: Final = "dure.dev/user"

# What dure writes where it makes the object itself, and the object could not tell it otherwise.
JOB: Final = "dure.dev/job"
SUBMITTED: Final = "dure.dev/submitted"
GROUPS: Final = "dure.dev/groups"
COMMAND: Final = "dure.dev/command"
MOUNTS: Final = "dure.dev/mounts"

# How a job stands: written by dure alone.
HELD: Final = "dure.dev/held"
ATTEMPT: Final = "dure.dev/attempt"
"""On the job: the attempt that it makes, as JSON. On its pods: the number alone."""
ENDING: Final = "dure.dev/ending"
CHECKPOINT: Final = "dure.dev/checkpoint"
ATTEMPTS: Final = "dure.dev/attempts"
WITHDRAWN: Final = "dure.dev/withdrawn"
EPOCH: Final = "dure.dev/epoch"

TASK: Final = "dure.dev/task"
"""On a pod: which task of its attempt it is, where its index does not tell."""

GATE: Final = "dure.dev/placed"
METER: Final = "dure.dev/meter"
PREFIX: Final = "dure.dev/"

SECRET: Final = "dure-secrets"  # noqa: S105 - the name of an object, not what is in it
"""The Secret of a tenant's namespace whose keys are the secrets that jobs may name."""

# Kubernetes' own, and the NVIDIA device plugin's.
INDEX: Final = "batch.kubernetes.io/job-completion-index"
JOB_NAME: Final = "batch.kubernetes.io/job-name"
NODE_NAME_FIELD: Final = "metadata.name"
GPU: Final = "nvidia.com/gpu"
MIG: Final = "nvidia.com/mig-"
PRODUCT: Final = "nvidia.com/gpu.product"
ZONE: Final = "topology.kubernetes.io/zone"
