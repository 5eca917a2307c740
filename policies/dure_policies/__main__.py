"""Writes what is made from the table of keys: `python -m dure_policies`, in a checkout."""

import sys
from pathlib import Path

from dure_policies import reference, schema

PAGE = Path(__file__).resolve().parents[2] / "docs/admin/policy.md"


def main() -> None:
    """Write the schema files and the reference in docs/admin/policy.md."""
    if not PAGE.is_file():
        sys.exit("dure_policies: this is no checkout; run it where docs/admin/policy.md is")
    for name, text in schema.schemas().items():
        (schema.FOLDER / name).write_text(text, encoding="utf-8")
    PAGE.write_text(reference.into(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
