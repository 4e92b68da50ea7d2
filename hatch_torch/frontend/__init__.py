"""Which build hook is running, for which installer, with which extras."""

from __future__ import annotations

from hatch_torch.frontend.environment import own_site_packages, site_packages
from hatch_torch.frontend.purpose import Purpose
from hatch_torch.frontend.request import Request, presumed_request, read_request
from hatch_torch.frontend.stamp import STAMP, has_uv_lock, names_stamp, write_stamp

__all__ = [
    "STAMP",
    "Purpose",
    "Request",
    "has_uv_lock",
    "names_stamp",
    "own_site_packages",
    "presumed_request",
    "read_request",
    "site_packages",
    "write_stamp",
]
