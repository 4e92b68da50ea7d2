"""Export formats: the decision for people, and for tools that do not run the hooks."""
