"""What a lock remembers of the project that it was made for."""

from __future__ import annotations

from packaging.requirements import Requirement

from hatch_torch.config.config import Config
from hatch_torch.lock.model import LockInputs


def test_no_credentials() -> None:
    """The user and password of a requirement's URL are not written into the lock."""
    requirement = Requirement("private @ https://ada:hush@example.org/private-1.0-py3-none-any.whl")
    (line,) = LockInputs.from_config(Config(dependencies=(requirement,))).requirements
    assert line.startswith("private @ https://")
    assert "hush" not in line
