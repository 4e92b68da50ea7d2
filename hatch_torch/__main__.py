"""``python -m hatch_torch``."""

from hatch_torch.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
