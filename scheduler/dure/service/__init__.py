"""The loop that observes, decides, verifies, applies and records, and the HTTP API over it."""
