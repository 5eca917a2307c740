"""From use to charges to statements, in integers only."""
