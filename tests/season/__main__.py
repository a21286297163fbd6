"""Run a season and print its figures as JSON."""

import argparse
import json

from tests.season.simulation import Season


def main() -> None:
    """20,000 requests, 300 people, three weeks, unless told otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    figures = {how: Season(given.requests, given.people, given.seed, how).run() for how in ("backline", "round_robin")}
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
