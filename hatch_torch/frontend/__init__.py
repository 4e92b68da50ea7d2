"""The build frontend: which installer runs this build, for what, and with which options."""
