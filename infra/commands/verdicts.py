"""What became of the lines of a file: counted by outcome, with the first reasons, and as the command's exit status."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.commands.ending import FAILED
from infra.commands.language import Language, sentence

SOME_NOT_TAKEN = 3
REASONS_SHOWN = 10
NOT_TAKEN = frozenset({"returned", "rejected", "refused"})
Row = dict[str, Any]


class Tally:
    """Counts answers as they come, and keeps the first reasons of those that were not taken."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._outcomes: Counter[str] = Counter()
        self._reasons: list[tuple[int, str, str, str]] = []
        self._more = 0

    def take(self, row: Row) -> None:
        """Count one answer; a line answered before counts as a duplicate, unless it was not taken before either."""
        outcome = str(row["outcome"])
        not_taken = outcome in NOT_TAKEN
        self._outcomes["duplicate" if row["duplicate"] and not not_taken else outcome] += 1
        if not_taken:
            for field, text in reasons(row, self._language):
                self._add(row["line"], outcome, field, text)

    @property
    def exit_status(self) -> int:
        """0: every line was taken, or there is none; 3: some were returned or rejected; 1: none was taken, or one was refused."""
        taken = sum(number for outcome, number in self._outcomes.items() if outcome not in NOT_TAKEN)
        if taken == self._outcomes.total():
            return 0
        return FAILED if not taken or self._outcomes["refused"] else SOME_NOT_TAKEN

    def show(self, console: Console) -> None:
        """The counts, then the reasons."""
        counts = Table("outcome", "lines")
        for outcome, number in self._outcomes.most_common():
            counts.add_row(outcome, str(number))
        console.print(counts)
        if self._reasons:
            shown = Table("line", "outcome", "field", "why, and what to do")
            shown.columns[3].overflow = "fold"
            for line, outcome, field, text in self._reasons:
                shown.add_row(str(line), outcome, escape(field), escape(text))
            console.print(shown)
        if self._more:
            console.print(f"… and {self._more} more reasons; each line's own are in the file of verdicts.")

    def _add(self, line: int, outcome: str, field: str, text: str) -> None:
        if len(self._reasons) < REASONS_SHOWN:
            self._reasons.append((line, outcome, field, text))
        else:
            self._more += 1


def reasons(row: Row, language: Language) -> Iterator[tuple[str, str]]:
    """(field, sentence) of everything that kept a line from being taken; the field is empty where it is about the whole."""
    if problem := row.get("problem"):
        yield "", sentence(problem.get("message"), language)
        return
    verdict = row.get("verdict") or {}
    problems = [(problem["field"], problem["message"]) for problem in verdict.get("problems", ())]
    missing = [
        ("evidence." + "|".join(proof["any_of"]), proof["message"])
        for proof in verdict.get("preconditions", ())
        if proof["state"] == "missing" and proof.get("message")
    ]
    for field, text in [*problems, *missing] or [("", verdict.get("message"))]:
        yield field, sentence(text, language)
