"""Formats that hand a decision to people and to tools other than the hooks."""
