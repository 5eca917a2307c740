"""Values only: what the room, its jobs, its rules, its record and its money are made of.

No behaviour beyond arithmetic lives here; every other package speaks in these words (DESIGN section 1).
"""
