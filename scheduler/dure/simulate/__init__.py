"""Trace readers and reports around the forecast engine."""
