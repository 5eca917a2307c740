"""What the room tells the outside: Prometheus metrics and structured logs."""
