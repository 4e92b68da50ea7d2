"""Run the command line as ``python -m hatch_torch``."""

from hatch_torch.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
