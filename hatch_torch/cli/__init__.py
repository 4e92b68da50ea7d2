"""The command `hatch-torch`: one module per subcommand; the only package that prints."""
