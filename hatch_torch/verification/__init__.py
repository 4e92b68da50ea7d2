"""An environment verified against the decision: what is wrong, and what fixes it."""
