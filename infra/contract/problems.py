"""docs/problems.md: every code that a service answers, with its sentences, as the sources say them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.contract.sentences import ROOT, Module, Pair, Place, module, pair, sentence, text

PAGE = ROOT / "docs" / "problems.md"
TREES = ("shared", "services")
CONFLICT, BAD_REQUEST = 409, 400
POSITIONS = {"wrong": 1, "_wrong": 1, "unreadable": 0, "_fault": 0}
"""Functions that are told a code and then the sentence in Chinese and in English, and which argument is the code."""
TABLES = {"SENTENCES", "REASONS"}
"""Names of constants that hold sentences by code (or by HTTP status)."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A code where it is answered. `status` is None for what names a field rather than the whole answer."""

    code: str
    status: int | None
    said: Pair | None
    where: str
    line: int


def listings() -> list[Listing]:
    """Every code in the sources of the services, and of what they share."""
    files = sorted(path for tree in TREES for path in (ROOT / tree).rglob("*.py"))
    return [found for path in files for found in _in_module(module(path)) if found.said is None or _says(found.said)]


def _says(said: Pair) -> bool:
    """Whether there is a word of its own: a helper that is handed the whole sentence says nothing."""
    return any(letter.isalpha() for letter in said[1])


def page(found: list[Listing]) -> str:
    """The catalogue as Markdown."""
    answers = sorted({(one.code, one.status, one.said) for one in found if one.status is not None and one.said})
    faults = sorted({(one.code, one.said) for one in found if one.status is None and one.said})
    lines = [*HEAD, "| code | status | English | 中文 |", "|---|---|---|---|"]
    lines += [f"| `{code}` | {status} | {_cell(said[1])} | {_cell(said[0])} |" for code, status, said in answers]
    lines += [*FAULTS, "| code | English | 中文 |", "|---|---|---|"]
    lines += [f"| `{code}` | {_cell(said[1])} | {_cell(said[0])} |" for code, said in faults]
    return "\n".join(lines) + "\n"


def write(path: Path = PAGE) -> None:
    """Write the page anew."""
    path.write_text(page(listings()), encoding="utf-8")


def stale(path: Path = PAGE) -> list[str]:
    """What is wrong with the page and the sources, each with its remedy; empty when they agree."""
    found = listings()
    silent = [
        f"{one.where}:{one.line}: the sentence of {one.code} cannot be read; write it as Text(zh=…, en=…) beside its code."
        for one in found
        if one.said is None
    ]
    told = path.read_text(encoding="utf-8") if path.exists() else ""
    return silent + (
        [] if told == page(found) else ["docs/problems.md is not what the sources say; run `backline schemas export`."]
    )


HEAD = """# Problems

Made from the sources by `backline schemas export`; `make check` and a test say when it is not up to date.

Every error is `application/problem+json` (RFC 9457). `type` is `urn:backline:problem:` and the code; `detail` is the sentence in the
language that Accept-Language prefers (Chinese unless it is English), `message` holds both. `errors` names each fault with a JSON
pointer (RFC 6901) into the body as it was sent; for parameters it begins with `/query`, `/path` or `/header`. A code keeps its meaning;
sentences may be reworded. 每个错误都是 problem+json：按 `code` 判断，`detail` 为所需语言的说明和做法，`errors` 以 JSON pointer 指出每一处。

Try again later: 429 and 503, after as many seconds as Retry-After says, with the same Idempotency-Key. Everything else stays as it is
until what was sent is corrected. `…` stands for what depends on the case.

## The whole answer
""".splitlines()
FAULTS = [
    "",
    "## One field",
    "In `errors` of a problem, in a verdict's `problems` and as a verdict's `reason`, and for a line of a batch or a cell of a table.",
    "",
]


def _cell(words: str) -> str:
    return " ".join(words.replace("|", "\\|").split())


def _in_module(read: Module) -> Iterator[Listing]:
    for name in sorted(TABLES & read.constants.keys()) if read.name.startswith("shared/") else ():
        yield from _of_table(read, read.constants[name])
    yield from _calls(read, read.tree, None)


def _of_table(read: Module, table: ast.expr) -> Iterator[Listing]:
    if not isinstance(table, ast.Dict):
        return
    for key, value in zip(table.keys, table.values, strict=True):
        match key, text(value, Place(read)):
            case ast.Constant(value=str(code), lineno=line), (str(), str()) as said:
                yield Listing(code=code, status=None, said=said, where=read.name, line=line)
            case ast.Constant(value=int(status), lineno=line), (str(), str()) as said:
                yield Listing(code=f"http_{status}", status=status, said=said, where=read.name, line=line)
            case _:
                continue


def _calls(read: Module, node: ast.AST, around: ast.AST | None) -> Iterator[Listing]:
    around = node if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else around
    if isinstance(node, ast.Call):
        yield from _call(node, Place(read, around), read.name)
    for child in ast.iter_child_nodes(node):
        yield from _calls(read, child, around)


def _call(node: ast.Call, place: Place, where: str) -> Iterator[Listing]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    code: str | None = None
    status: int | None = None
    said: Pair | None = None
    match name, node.args:
        case (("Refusal" | "Problem"), _) if "code" in given and "message" in given:
            code, said = sentence(given["code"], place), text(given["message"], place)
            status = _status(given.get("status"), CONFLICT) if name == "Refusal" else None
        case "problem", [_, ast.Constant(value=int(status)), told, message, *_]:
            code, said = sentence(told, place), text(message, place)
        case "BadJson", [message, *rest]:
            code, said, status = sentence(rest[0], place) if rest else "not_json", text(message, place), BAD_REQUEST
        case _ if name in POSITIONS and len(node.args) > POSITIONS[name]:
            first = POSITIONS[name]
            told = node.args[first]
            code = told.value if isinstance(told, ast.Constant) and isinstance(told.value, str) else None
            said = pair(node.args[first + 1 :][:2], place)
        case _:
            return
    if code is not None:
        yield Listing(code=code, status=status, said=said, where=where, line=node.lineno)


def _status(given: ast.expr | None, default: int) -> int:
    return given.value if isinstance(given, ast.Constant) and isinstance(given.value, int) else default
