"""An environment that is there: what it has, what differs from the decision, what mends it."""
