"""Run a season and print its figures as JSON."""

import argparse
import json

from tests.season.estimates import honest
from tests.season.simulation import Season


def main() -> None:
    """20,000 requests, 300 people, three weeks, unless told otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--estimates", action="store_true", help="how honest estimates are: 300 requests, 12 engineers, thirty days"
    )
    given = parser.parse_args()
    if given.estimates:
        print(json.dumps(honest(given.seed), indent=2))
        return
    figures = {how: Season(given.requests, given.people, given.seed, how).run() for how in ("backline", "round_robin")}
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
