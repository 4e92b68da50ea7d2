"""An application that needs torch."""
