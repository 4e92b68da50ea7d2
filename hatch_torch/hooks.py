"""Where Hatch's door was: environments that were made before still look for it here."""

from hatch_torch.doors.hatchling import hatch_register_build_hook, hatch_register_metadata_hook

__all__ = ["hatch_register_build_hook", "hatch_register_metadata_hook"]
