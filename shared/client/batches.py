"""Many requests: one batch, or a stream of any length cut into batches, in constant memory.

Invariant: the same lines are cut alike, so that a stream that was broken off is sent again as the same batches and changes nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count

import httpx

from shared.client.call import BrokenOff, Call, dumped, quoted
from shared.client.models import Line
from shared.schemas.model import Frozen, Json

BATCH_LINES = 500
BATCH_BYTES = 8 * 1024 * 1024


class Fed(Frozen):
    """One line to feed, with its place in whatever it came from: `content` is sent; a `problem` is its verdict, and nothing is sent."""

    content: bytes | Json = b""
    line: int | None = None
    record: int | None = None
    problem: Json | None = None


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Lines that go together, each with its place."""

    lines: tuple[Fed, ...]

    def call(self) -> "Call[tuple[Line, ...]] | None":
        """The batch of what is to be sent; None when there is nothing."""
        sent = [line.content for line in self.lines if line.problem is None]
        return batch(sent) if sent else None

    def verdicts(self, answers: tuple[Line, ...]) -> tuple[Line, ...]:
        """A verdict on every line, in their order and under their own places: intake's, or why a line was not sent."""
        told = iter(answers)
        return tuple(self._verdict(line, told) for line in self.lines)

    def _verdict(self, line: Fed, told: Iterator[Line]) -> Line:
        unsent = Line(line=0, id=None, action="submit", outcome="refused", problem=line.problem)
        answer = next(told) if line.problem is None else unsent
        return answer.model_copy(update={"line": line.line, "record": line.record})


class Cutting:
    """Cuts lines into chunks as they come: at most 500 lines and 8 MiB, though always one line. Blank ones are left out, and count."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._lines: list[Fed] = []
        self._size = 0

    def take(self, line: bytes | Json | Fed) -> Chunk | None:
        """Take one line; the chunk before it when it begins another."""
        fed = line if isinstance(line, Fed) else Fed(content=line)
        number = next(self._numbers)
        content = on_one_line(fed.content)
        if not content and fed.problem is None:
            return None
        full = len(self._lines) == BATCH_LINES or self._size + len(content) > BATCH_BYTES
        cut = self.rest() if self._lines and full else None
        self._lines.append(fed.model_copy(update={"content": content, "line": number if fed.line is None else fed.line}))
        self._size += len(content) + 1
        return cut

    def rest(self) -> Chunk | None:
        """What was not cut off yet."""
        lines, self._lines, self._size = tuple(self._lines), [], 0
        return Chunk(lines=lines) if lines else None


def cut(lines: Iterable[bytes | Json | Fed]) -> Iterator[Chunk]:
    """The chunks of `lines`, each as soon as it is full."""
    cutting = Cutting()
    for line in lines:
        if (full := cutting.take(line)) is not None:
            yield full
    if (last := cutting.rest()) is not None:
        yield last


def batch(
    lines: Iterable[bytes | Json] | bytes, *, content_type: str = "application/jsonl", sheet: str | None = None,
    key: str | None = None,
) -> Call[tuple[Line, ...]]:  # fmt: skip
    """The answers to the lines (or rows) of one batch, in their order. Named by its content when no key is given."""
    given = None if isinstance(lines, bytes) else [on_one_line(line) for line in lines]
    content = lines if isinstance(lines, bytes) else b"\n".join(given or ())
    wanted = None if given is None else sum(1 for line in given if line)
    headers = {"Content-Type": content_type} | ({"Idempotency-Key": quoted(key)} if key else {})
    return Call(
        method="POST",
        service="intake",
        path="/v1/requests:batch",
        read=lambda answer: _answers(answer, wanted),
        params={"sheet": sheet},
        headers=headers,
        content=content,
    )


def on_one_line(line: bytes | Json) -> bytes:
    """A line as it is sent: line breaks between the parts of its JSON become spaces (within a text JSON has none)."""
    return b" ".join(line.strip().splitlines()) if isinstance(line, bytes) else dumped(line)


def _answers(answer: httpx.Response, wanted: int | None) -> tuple[Line, ...]:
    """Every line's answer. Raises BrokenOff when some are not there."""
    rows = answer.content.splitlines()
    if wanted is not None and len(rows) != wanted:
        raise BrokenOff(f"{len(rows)} of {wanted} lines were answered")
    return tuple(Line.model_validate_json(row) for row in rows)
