"""Run a season and print its figures as JSON."""

import argparse
import json
import sys
from pathlib import Path

from tests.season.estimates import honest
from tests.season.given import generated, of_folder
from tests.season.simulation import How, Season


def main() -> None:
    """20,000 requests, 300 people, three weeks, unless told otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clump", type=int, default=1, help="up to so many requests come at once")
    parser.add_argument("--fairness", type=float, nargs=2, metavar=("WEIGHT", "HALF"), help="to be tried instead of the policy's")
    parser.add_argument(
        "--estimates", action="store_true", help="how honest estimates are: 300 requests, 12 engineers, thirty days"
    )
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="the people and requests of realistic data instead")
    given = parser.parse_args()
    if given.estimates:
        print(json.dumps(honest(given.seed), indent=2))
        return
    if given.data and not (given.data / "expected.jsonl").is_file():
        print(f"{given.data} HOLDS NO REALISTIC DATA (expected.jsonl): nothing was assigned", file=sys.stderr)
        sys.exit(2)
    brought = (
        of_folder(given.data, given.seed, given.clump)
        if given.data
        else generated(given.requests, given.people, given.seed, given.clump)
    )
    ways: tuple[How, ...] = ("backline", "together", "round_robin") if given.clump > 1 else ("backline", "round_robin")
    fairness = tuple(given.fairness) if given.fairness else None
    figures = {how: Season(brought, how, fairness=fairness).run() for how in ways}
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
