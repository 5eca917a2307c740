"""What the rig says when something of it is missing or does not start."""


class RigError(Exception):
    """Something the rig needs is missing, or a program of it did not start; says which, and what to do."""
