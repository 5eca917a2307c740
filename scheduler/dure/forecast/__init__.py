"""A discrete-event engine over the same Room that decides for real: estimates and replays."""
