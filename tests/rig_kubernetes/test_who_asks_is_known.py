import pytest

from tests.rig.kubernetes.api import Refused
from tests.rig.kubernetes.rig import Rig
from tests.rig.room import until

pytestmark = pytest.mark.slow
RBAC = "/apis/rbac.authorization.k8s.io/v1"


def let_group_view(rig: Rig, space: str, group: str) -> None:
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}
    binding = {"metadata": {"name": "viewers"}, "roleRef": role, "subjects": [subject]}
    rig.api.post(f"{RBAC}/namespaces/{space}/rolebindings", binding)


def test_a_user_is_known_by_name_and_groups(real: Rig, space: str) -> None:
    """A token made at any time carries user and groups; RBAC lets the group's members do what it may, no more."""
    let_group_view(real, space, "tenant-ant")
    kim = real.user("kim", ["tenant-ant"])
    review = kim.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    told = review["status"]["userInfo"]
    assert told["username"] == "kim"
    assert set(told["groups"]) == {"tenant-ant", "system:authenticated"}
    until(lambda: kim.may("list", "pods", space))
    assert not kim.may("create", "pods", space)
    assert not real.user("lee", ["tenant-bee"]).may("list", "pods", space)
    with pytest.raises(Refused) as refused:
        kim.items("/api/v1/secrets")
    assert refused.value.status == 403
    assert "kim" in refused.value.message


def test_a_token_says_to_others_who_its_bearer_is(real: Rig, space: str) -> None:
    """TokenReview knows a user's token and a service account's, and refuses an invented one."""
    tokens = [
        real.user("kim", ["tenant-ant"]).token,
        real.account_token(space, "default"),
        "invented",
    ]
    path = "/apis/authentication.k8s.io/v1/tokenreviews"
    told = [real.api.post(path, {"spec": {"token": token}})["status"] for token in tokens]
    assert [one.get("user", {}).get("username", "") for one in told] == [
        "kim",
        f"system:serviceaccount:{space}:default",
        "",
    ]


def test_the_audit_log_tells_who_did_what(real: Rig, space: str) -> None:
    """Every write is on record with its user, and those of pods and Jobs with what was written."""
    body = {"metadata": {"name": "told"}, "data": {}}
    real.api.post(f"/api/v1/namespaces/{space}/configmaps", body)
    pod = {"metadata": {"name": "told"}, "spec": {"containers": [{"name": "main", "image": "none"}]}}
    real.api.post(f"/api/v1/namespaces/{space}/pods?dryRun=All", pod)
    mine = [
        event
        for event in real.audit()
        if event["verb"] == "create" and event["objectRef"].get("namespace") == space
    ]
    by_kind = {
        event["objectRef"]["resource"]: event for event in mine if event["user"]["username"] == "admin"
    }
    assert "requestObject" not in by_kind["configmaps"]
    assert by_kind["pods"]["requestObject"]["metadata"]["name"] == "told"


def test_kubectl_works_with_a_kubeconfig_of_a_user(real: Rig, space: str) -> None:
    """A program that wants a kubeconfig gets one, and is who its token says."""
    config = real.kubeconfig_of("kim", real.user("kim", ["tenant-ant"]).token)
    assert "kim" in real.kubectl("auth", "whoami", kubeconfig=config).stdout
    refused = real.kubectl("-n", space, "create", "job", "sum", "--image=none", kubeconfig=config)
    assert refused.returncode == 1
    assert 'User "kim" cannot create resource "jobs"' in refused.stderr
