"""What an index offers, or a folder of wheels."""
