"""Commands that run parts of the room on this machine."""
