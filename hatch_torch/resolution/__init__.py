"""From what a project wants and a machine has to the wheels that are added."""
