"""From a project's requirements and a machine's hardware to the requirements that are injected."""
