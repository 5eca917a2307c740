"""Commands that only talk to a server: click, httpx and the standard library."""
