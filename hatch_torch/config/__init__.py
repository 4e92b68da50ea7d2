"""What a project says: its tables, its requirements, and who decides for it."""
