"""Where jobs run: every backend keeps one contract."""
