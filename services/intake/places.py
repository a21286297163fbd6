"""Where in the body as it was sent a verdict's problems lie: their dotted fields as JSON pointers (RFC 6901)."""

from typing import Any

from shared.http.validation import pointer
from shared.schemas.model import Json
from shared.schemas.requests import Answer, Verdict


def with_pointers(answer: Answer, body: Json) -> Answer:
    """`answer` with a pointer into `body` for each problem of its verdict. A verdict without problems is left as it is."""
    if answer.verdict is None or not answer.verdict.problems:
        return answer
    return answer.model_copy(update={"verdict": pointed(answer.verdict, body)})


def pointed(verdict: Verdict, body: Json) -> Verdict:
    """`verdict` with a pointer into `body` for each of its problems."""
    problems = tuple(problem.model_copy(update={"pointer": place_of(problem.field, body)}) for problem in verdict.problems)
    return verdict.model_copy(update={"problems": problems})


def place_of(field: str, body: object) -> str:
    """The pointer of a dotted field in `body`.

    A name may hold dots itself: the longest one that is there counts. Of something that is missing it is where it would be; of a
    part of what cannot have parts (one text where a list is asked for), it is the whole. "body" is the whole document, unless
    there is a field of that name.
    """
    if not isinstance(body, dict) or (field == "body" and "body" not in body):
        return ""
    parts: list[str | int] = []
    here: Any = body
    left = field.split(".")
    while left:
        taken = _step(here, left)
        if taken == 0:
            break
        name = ".".join(left[:taken])
        parts.append(name)
        here, left = _inner(here, name), left[taken:]
    return pointer(parts)


def _step(here: Any, left: list[str]) -> int:
    """How many of the names that are `left` name one member of `here`: the most that are there; 0 where there are no members."""
    if isinstance(here, dict):
        return next((number for number in range(len(left), 0, -1) if ".".join(left[:number]) in here), 1)
    if isinstance(here, list):
        return 1
    return 1 if here is None else 0


def _inner(here: Any, name: str) -> Any:
    if isinstance(here, dict):
        return here.get(name)
    if isinstance(here, list) and name.isascii() and name.isdecimal() and int(name) < len(here):
        return here[int(name)]
    return None
