"""What an index offers."""
