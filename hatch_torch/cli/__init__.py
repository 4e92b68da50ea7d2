"""The door for people, and the only place that prints: one small file per group of commands."""
