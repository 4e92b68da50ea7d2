"""Detection of what this machine has: accelerators, drivers, system. Knows no project."""
