"""What admins write, read strictly: YAML bundles become rules, or every error at once."""

from dure_policies.bundle import Bundle, read_bundle
from dure_policies.bundled import bundled
from dure_policies.differences import Difference, Effect, diff
from dure_policies.source import DirectoryPolicy
from dure_policies.spec import read_spec

__all__ = ["Bundle", "Difference", "DirectoryPolicy", "Effect", "bundled", "diff", "read_bundle", "read_spec"]
