from hypothesis import given, settings

from dure.backends.kubernetes.reading import queued
from dure.backends.kubernetes.requests import is_uniform
from dure.backends.kubernetes.writing import kind_for
from dure.model.job import Job
from tests.backends.kubernetes_values.jobs import TENANCY, jobs, written


@given(jobs())
@settings(max_examples=60, deadline=None)
def test_nothing_that_a_job_carries_is_lost(job: Job) -> None:
    """Whatever its groups, texts and lengths: read(write(job)) is the job, and it waits."""
    found = queued(written(job), kind_for(job), TENANCY)
    assert found.job == job
    assert found.suspended
    assert (kind_for(job).kind == "Job") == is_uniform(job)
