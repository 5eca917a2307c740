"""A plain client of the API server for tests: JSON in, JSON out, refusals as one exception."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from typing import Any

import httpx

Json = dict[str, Any]
PATCHES = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
    "apply": "application/apply-patch+yaml",
}


class Refused(Exception):  # noqa: N818  # a refusal is an answer, not a fault
    """What the API server did not do: its HTTP status, and its words."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status, self.reason, self.message = status, reason, message


class Api:
    """The API server as the bearer of one token sees it. `http` is the client beneath, for all else."""

    def __init__(self, url: str, trust: ssl.SSLContext, token: str) -> None:
        self.token = token
        headers = {"Authorization": f"Bearer {token}"}
        self.http = httpx.Client(base_url=url, verify=trust, headers=headers, timeout=60, trust_env=False)

    def get(self, path: str, **parameters: Any) -> Json:
        """One object, or a list of them."""
        return answer(self.http.get(path, params=parameters))

    def items(self, path: str, **parameters: Any) -> list[Json]:
        """The objects of a list."""
        found: list[Json] = self.get(path, **parameters)["items"]
        return found

    def post(self, path: str, body: Json) -> Json:
        """Make an object."""
        return answer(self.http.post(path, json=body))

    def put(self, path: str, body: Json) -> Json:
        """Replace an object."""
        return answer(self.http.put(path, json=body))

    def patch(self, path: str, body: Any, how: str = "merge", **parameters: Any) -> Json:
        """Change an object; `how` is one of PATCHES."""
        headers = {"Content-Type": PATCHES[how]}
        return answer(self.http.patch(path, content=json.dumps(body), headers=headers, params=parameters))

    def delete(self, path: str, grace_s: int | None = None, propagation: str = "Background") -> Json:
        """Delete an object, with its grace or this one."""
        options: Json = {"propagationPolicy": propagation}
        options |= {} if grace_s is None else {"gracePeriodSeconds": grace_s}
        return answer(self.http.request("DELETE", path, json=options))

    def text(self, path: str, **parameters: Any) -> str:
        """What is not JSON: a pod's log."""
        response = self.http.get(path, params=parameters)
        if response.is_error:
            answer(response)
        return response.text

    def watch(self, path: str, version: str, seconds: int = 30) -> Iterator[Json]:
        """Events of a list since a resourceVersion, until the server ends the watch."""
        parameters: dict[str, str | int] = {
            "watch": "1",
            "resourceVersion": version,
            "timeoutSeconds": seconds,
        }
        with self.http.stream("GET", path, params=parameters) as response:
            for line in response.iter_lines():
                yield json.loads(line)

    def may(self, verb: str, resource: str, namespace: str = "", group: str = "") -> bool:
        """Whether RBAC lets this bearer do that."""
        asked = {"verb": verb, "resource": resource, "namespace": namespace, "group": group}
        review = {"spec": {"resourceAttributes": asked}}
        told = self.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
        return bool(told["status"]["allowed"])

    def close(self) -> None:
        self.http.close()


def answer(response: httpx.Response) -> Json:
    """The JSON of a good answer; raises Refused on any other."""
    if response.is_error:
        told = told_by(response)
        raise Refused(response.status_code, told.get("reason", ""), told.get("message", response.text))
    body: Json = response.json()
    return body


def told_by(response: httpx.Response) -> Json:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
