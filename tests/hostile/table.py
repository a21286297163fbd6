"""All hostile cases, a selection of them, and the table of what became of them."""

from collections import Counter
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from tests.hostile import commands, directories, mails, raw, records, strings, tables, values
from tests.hostile.case import CHANNELS, Case, Seen, surprise

Results = list[tuple[Case, Seen]]
KINDS = ("accepted", "returned", "rejected", "duplicate", "refused", "aside", "mixed", "other")


def all_cases() -> list[Case]:
    """Every case, those that a later one builds upon before it."""
    return list(_all())


def _all() -> Iterator[Case]:
    yield from directories.cases()
    yield from values.frame_cases()
    yield from raw.cases("http")
    yield from raw.headers()
    yield from strings.cases()
    yield from values.cases()
    yield from tables.cases()
    yield from mails.cases()
    yield from raw.cases("topic")
    yield from records.cases()
    yield from commands.cases()


def selection() -> list[Case]:
    """What is tried with every change: every eighth wrong value, every third text, and of everything else nearly all that is quick."""
    chosen: list[Case] = []
    for number, case in enumerate(all_cases()):
        rare = {"batch": 8, "cli": 3, "people": 3, "mail": 2, "csv": 2, "xlsx": 2}.get(case.channel, 1)
        slow = case.finished or len(case.payload) > 300_000 or case.channel == "cli"
        if case.group in strings.GROUPS:
            rare = 3
        if number % rare == 0 and not slow and case.group != "identities that look alike":
            chosen.append(case)
    return chosen + [case for case in raw.cases("http") if case.group == "identities that look alike"]


def kind_of(outcome: str) -> str:
    """The column an outcome is counted in."""
    if "+" in outcome:
        return "mixed"
    kind = outcome.partition(":")[0]
    return kind if kind in KINDS else "other"


def surprises(results: Results) -> list[str]:
    """A sentence for each case that did not come out as it should."""
    return [f"{case.channel}, {case.group}, {case.name}: {why}" for case, seen in results if (why := surprise(case, seen))]


def show(results: Results, console: Console) -> None:
    """Cases by group and channel, and what became of them."""
    table = Table(title="Hostile input", title_justify="left")
    for heading in ("cases of", "channel", "cases", *KINDS, "surprises"):
        table.add_column(heading, justify="left" if heading in {"cases of", "channel"} else "right")
    counts: dict[tuple[str, str], Counter[str]] = {}
    for case, seen in results:
        row = counts.setdefault((case.group, case.channel), Counter())
        row[kind_of(seen.outcome)] += 1
        row["surprises"] += bool(surprise(case, seen))
    for (group, channel), row in counts.items():
        number = sum(row[kind] for kind in KINDS)
        table.add_row(group, channel, str(number), *(str(row[kind] or "") for kind in KINDS), str(row["surprises"] or ""))
    console.print(table)


def totals(results: Results) -> dict[str, object]:
    """The figures of the last line."""
    channels, outcomes = (Counter(case.channel for case, _ in results), Counter(kind_of(seen.outcome) for _, seen in results))
    return {
        "cases": len(results),
        "by_channel": {channel: channels[channel] for channel in CHANNELS},
        "by_outcome": {kind: outcomes[kind] for kind in KINDS if outcomes[kind]},
        "server_errors": sum(1 for case, seen in results if seen.status >= 500 and case.channel != "mail"),
    }
