"""Text in a container's command and environment: Kubernetes takes `$(NAME)` for a reference and `$$` for a `$`.

The rule is the kubelet's (third_party/forked/golang/expansion). `written` says a text so that it arrives as it is;
`read` is its inverse, and leaves references alone.
"""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"\$\$")


def written(text: str) -> str:
    """The text that a container will see as `text`."""
    return text.replace("$", "$$") if "$(" in text or "$$" in text else text


def read(text: str) -> str:
    """What a container will see, references as they stand."""
    return _SPECIAL.sub("$", text)
