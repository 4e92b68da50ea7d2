"""What `hatch-torch init` writes: the text of a project's files to the text with our tables.

Nothing here reads or writes a file. The package needs tomlkit, which is in the extra `cli`.
"""
