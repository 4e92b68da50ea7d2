"""Compare the tables of the catalog and of the embedded index with what upstream publishes."""
