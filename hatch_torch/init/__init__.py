"""What `hatch-torch init` writes, as functions from text to text; the command does the I/O.

Needs tomlkit, which comes with the extra `cli`.
"""
