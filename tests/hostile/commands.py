"""`backline import` and `backline people` with arguments, files and mappings that nobody should give them."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

from typer.testing import CliRunner

from infra.cli import app
from tests.builders import a_body
from tests.hostile.case import Case, Seen, expecting, fields_of, outcome_of, together
from tests.hostile.ground import UNIT, Ground
from tests.hostile.over_http import kept
from tests.hostile.strings import FORMULAS, HEADERS, TEMPLATES
from tests.hostile.tables import a_csv, row

SAFE = ("=", "+", "-", "@", "\t", "\r", "＝")
ESCAPE = "\x1b]0;pwned\x07\x1b[31mred\x1b[2J"


def cases() -> Iterator[Case]:
    """`more`: the file's name, further arguments, files beside it. Outcome: those of the lines, or `refused:STATUS`."""
    good = json.dumps(a_body("tools.company", source={"system": "hostile-cli", "reference": "G-1"})).encode()
    again = ("duplicate", "accepted")
    yield _case("a good file", good, ("accepted",))
    yield _case("the same again", good, ("accepted",))  # the same command is answered as before
    yield _case("an empty file", b"", ("nothing",))
    yield _case("blank lines", b"\n\n \n", ("nothing",))
    yield _case(
        "binary",
        bytes(range(256)) * 40,
        ("refused:not_json+refused:not_utf8", "refused:not_utf8+refused:not_json", "refused:not_utf8", "refused:not_json"),
    )
    yield _case("a line of 2 MB", b'{"a": "' + b"x" * 2_000_000 + b'"}', ("refused:too_large",))
    yield _case("a deep line", b"[" * 5_000, ("refused:too_deep",))
    yield _case("escapes in a value", _escaping("G-esc"), ("returned",))
    yield _case("a unit of control characters", good, ("refused:1", "refused:2"), arguments=["--unit", ESCAPE])
    yield _case("a unit with a line break", good, ("refused:1", "refused:2"), arguments=["--unit", "harbour\r\nX-Evil: 1"])
    yield _case("a unit that is empty", good, ("refused:1", "refused:2"), arguments=["--unit", ""])
    yield _case("a unit in Chinese", good, ("refused:2",), arguments=["--unit", "港湾"])
    yield _case("another's address", good, ("refused:1", "refused:2"), arguments=["--url", "file:///etc/passwd"])
    yield _case("an address that is none", good, ("refused:1", "refused:2"), arguments=["--url", "http://[::"])
    yield _case("a language that is none", good, (*again, "refused:2"), arguments=["--locale", "xx\x1b"])
    yield from _files(good, again)


def _files(good: bytes, again: tuple[str, ...]) -> Iterator[Case]:
    """Names of files, mappings, and rows whose faults are shown."""
    for name in (
        "a\nb.jsonl",
        "=1+1.jsonl",
        "{{191*7919}}.jsonl",
        "\x1b[2J.jsonl",
        "报价\u202elnosj.jsonl",
        "-x.jsonl",
        "[bold]x[red].jsonl",
        "n" * 200 + ".jsonl",
    ):
        yield _case(f"a file named {name[:20]!r}", good, again, file=name)
    for name, text in {
        "YAML that builds objects": "!!python/object/apply:os.system ['id']",
        "aliases without end": _laughs(),
        "a list": "- a",
        "an unknown key": "evil: 1",
        "a path": "records: {body: ../../etc/passwd, action: headers.action}",
        "nothing": "",
        "binary": "\0\1\2",
        "a tag": "!<tag:x> y",
    }.items():
        right = ("refused:1", "refused:2") if name != "nothing" else ("refused:1", "refused:2", *again)
        yield _case(f"a mapping that is {name}", good, (*right, "refused:no_body") if name == "a path" else right, mapping=text)
    for group, texts in {"formulas": FORMULAS, "templates": TEMPLATES, "headers": HEADERS}.items():
        for name, text in texts.items():
            rows = [row(f"L-{group}-{name}", 备注=text, 支持类型=text[:60])]
            yield _case(
                f"{group}: {name} in a row that is returned",
                a_csv(*rows),
                ("returned", "refused:row_not_understood"),
                file="rows.csv",
                table=True,
            )


def _escaping(reference: str) -> bytes:
    body = a_body("tools.company", source={"system": "hostile-cli", "reference": reference})
    return json.dumps({**body, "type": ESCAPE, "priority": ESCAPE}).encode()


def _laughs() -> str:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    return "\n".join(lines)


def _case(
    name: str,
    raw: bytes,
    right: tuple[str, ...],
    *,
    file: str = "requests.jsonl",
    arguments: list[str] | None = None,
    mapping: str | None = None,
    table: bool = False,
) -> Case:
    more = {"file": file, "arguments": arguments or [], "mapping": mapping, "table": table}
    return Case(name=name, group="the command line", channel="cli", payload=raw, expect=expecting(*right), more=more)


async def one(ground: Ground, case: Case, folder: Path) -> Seen:
    """Run the command; what it wrote to the terminal and to the table of verdicts must be harmless."""
    file = folder / case.more["file"]
    file.write_bytes(case.payload)
    out = folder / "out.verdicts.jsonl"
    out.unlink(missing_ok=True)
    arguments = ["import", "--unit", UNIT, "--folder", str(ground.stack.folder), "--result", str(out), *case.more["arguments"]]
    if case.more["mapping"] is not None:
        (folder / "m.yaml").write_text(case.more["mapping"], encoding="utf-8")
        arguments += ["--mapping", str(folder / "m.yaml")]
    run = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--", str(file)])
    if run.exception is not None and not isinstance(run.exception, SystemExit):
        return Seen(outcome=f"raised {type(run.exception).__name__}", answer=str(run.exception))
    if "\x1b" in run.output or "\x07" in run.output:
        return Seen(outcome="control characters on the terminal", answer=repr(run.output))
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()] if out.exists() else []
    if not rows and run.exit_code:
        return Seen(outcome=f"refused:{run.exit_code}", answer=run.output)
    if case.more["table"] and (loose := await _loose_cells(ground, folder, arguments, file)):
        return Seen(outcome="a formula in the table of verdicts", answer=loose)
    ids = tuple(row["id"] for row in rows if kept(row))
    fields = tuple(field for row in rows for field in fields_of(row))
    return Seen(outcome=together([outcome_of(row) for row in rows]), requests=ids, fields=fields, answer=run.output)


async def _loose_cells(ground: Ground, folder: Path, arguments: list[str], file: Path) -> str:
    """A cell of the verdicts as CSV that a spreadsheet would calculate; none."""
    out = folder / "out.csv"
    given = [str(out) if part.endswith("out.verdicts.jsonl") else part for part in arguments]
    await asyncio.to_thread(CliRunner().invoke, app, [*given, "--", str(file)])
    import csv

    with out.open(encoding="utf-8-sig", newline="") as opened:
        return next((cell for cells in csv.reader(opened) for cell in cells if cell.startswith(SAFE)), "")
