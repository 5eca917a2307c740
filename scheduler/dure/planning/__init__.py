"""Who starts where, and why not: a pure function of the room, its rules and an instant."""
