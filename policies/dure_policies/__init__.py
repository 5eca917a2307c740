"""What admins write, read strictly: YAML bundles become rules, or every error at once."""
