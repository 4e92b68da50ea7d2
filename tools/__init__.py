"""Programs for the maintainers of hatch-torch; no part of the package."""
