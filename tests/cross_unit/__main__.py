"""`python -m tests.cross_unit --calls 10000`: exit status 1 when anything leaked, changed or failed; `--blind` is the control."""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.cross_unit.checking import Found, check


def blind_command(service: str) -> list[str]:
    """A service without its filter."""
    return [sys.executable, "-m", "tests.cross_unit.blind", f"services.{service}.app"]


def passed(found: Found, *, blind: bool) -> bool:
    """Whether nothing was found; of a blind stack, whether something was."""
    return bool(found.leaks) if blind else not (found.leaks or found.changed or found.faults) and found.own > 0


def main() -> int:
    """Check once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--blind", action="store_true", help="switch the filter off: the check must find leaks")
    asked = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        command = blind_command if asked.blind else None
        found = asyncio.run(check(Path(folder) / "stack", asked.calls, asked.seed, command_of=command))
    print(f"{found.told()}\n{time.monotonic() - began:.0f} s")
    return 0 if passed(found, blind=asked.blind) else 1


if __name__ == "__main__":
    sys.exit(main())
