"""What assigning a batch together takes, beside one by one, in seconds of processor time. `python -m tests.season.timing`."""

import time
from collections.abc import Callable
from dataclasses import replace

from services.routing.domain import Context
from services.routing.domain.assigning import Opened, alone, begun
from services.routing.domain.bursts.planning import agreed
from services.routing.domain.bursts.seats import losses, vacant_seats
from services.routing.domain.bursts.solving import solved
from tests.unit.routing.burst_build import Requests, a_burst

BATCHES = ((20, 300, 4), (100, 300, 4), (200, 300, 4), (200, 300, 1), (200, 60, 3))
"""Requests, engineers, and how many places each of these has at most."""


def main() -> None:
    """One line for each batch."""
    for requests, people, seats in BATCHES:
        batch, context = a_burst(1, requests=requests, people=people, seats=seats)
        rules = context.policy.assignment.model_copy(update={"together_at_most": requests, "together_when": "always"})
        context = replace(context, policy=context.policy.model_copy(update={"assignment": rules}))
        opened = [step for subject, state in batch if isinstance(step := begun(subject, state, context), Opened)]
        places = [seat for step in opened for seat in vacant_seats(step, context)]
        lost, travel = losses(places, context), context.policy.assignment.travel
        print(
            f"{requests} requests ({len(places)} seats), {people} people of up to {seats} places:",
            f"one by one {_taken(lambda: _one_by_one(batch, context)):.2f} s,",  # noqa: B023  # called at once
            f"the whole agreement {_taken(lambda: agreed(batch, context)):.2f} s,",  # noqa: B023
            f"of which the solver {_taken(lambda: solved(places, lost, travel)):.2f} s",  # noqa: B023
        )


def _one_by_one(batch: Requests, context: Context) -> None:
    for subject, state in batch:
        context = context.after(alone(subject, state, context).reservations)


def _taken(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


if __name__ == "__main__":
    main()
