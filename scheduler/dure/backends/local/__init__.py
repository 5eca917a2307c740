"""The embedded backend: this machine, or virtual nodes on it, as a pool."""
