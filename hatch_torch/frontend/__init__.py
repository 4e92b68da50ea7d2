"""The build frontend (PEP 517): which installer runs this build, for what, with which options."""
