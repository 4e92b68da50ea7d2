"""Hardware and tables to verdicts: which backends run here, the most preferred first."""

from __future__ import annotations

from hatch_torch.choose.judge import why_not
from hatch_torch.choose.ranking import rank
from hatch_torch.choose.reduce import most_capable
from hatch_torch.choose.verdict import Verdict

__all__ = ["Verdict", "most_capable", "rank", "why_not"]
