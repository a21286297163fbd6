"""`python -m tests.fuzz --folder var`: all services of a local stack, long; or `--examples 20` for a look. Prints a summary."""

import argparse
import json
import sys
import time
from contextlib import nullcontext
from pathlib import Path

from infra.commands.target import Target
from shared.schemas.envelope import SOURCES
from tests.fuzz.driving import Stack, Tried, tried
from tests.fuzz.scene import scene
from tests.fuzz.services import alone


def main() -> int:
    """Exit status 1 when anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var"), help="the local stack's folder")
    parser.add_argument(
        "--alone", action="store_true", help="services and a database of their own, without broker, instead of a stack"
    )
    parser.add_argument("--examples", type=int, default=100, help="per operation, of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--service", choices=SOURCES, action="append")
    parser.add_argument("--only", action="append", default=[], help="an operation such as 'GET /v1/requests'")
    asked = parser.parse_args()
    with alone() if asked.alone else nullcontext(_local(asked.folder)) as running:
        return _all(scene(running), asked)


def _local(folder: Path) -> Stack:
    target = Target.at(folder)
    return Stack(urls={service: target.url(service) for service in SOURCES})


def _all(stack: Stack, asked: argparse.Namespace) -> int:
    results = []
    for service in asked.service or SOURCES:
        started = time.monotonic()
        result = tried(stack, service, examples=asked.examples, number=asked.seed, only=asked.only)
        results.append(result)
        show(result, time.monotonic() - started)
    summary = {
        "seed": asked.seed,
        "calls": sum(result.calls.total() for result in results),
        "operations": sum(len(result.calls) for result in results),
        "server_errors": sum(result.server_errors for result in results),
        "failures": sum(len(result.failures) for result in results),
    }
    print(json.dumps(summary))
    return 1 if summary["failures"] or summary["server_errors"] else 0


def show(result: Tried, seconds: float) -> None:
    """One line, then each failure."""
    statuses = ", ".join(f"{status}: {number}" for status, number in sorted(result.statuses.items()))
    print(f"{result.service}: {result.calls.total()} calls of {len(result.calls)} operations in {seconds:.0f} s ({statuses})")
    for (operation, kind), told in result.failures.items():
        print(f"  {kind} at {operation}: {told}")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
