"""A unit's rejection desk at a terminal: what came to nothing and why, corrected and sent again."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import httpx
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.commands.ending import FAILED, WRONGLY_ASKED, fail, reaching
from infra.commands.language import Language, Locale, language_of, sentence
from infra.commands.target import FOLDER, Target, checked

console = Console()
Folder = Annotated[Path, typer.Option(help="the local stack's folder")]
Url = Annotated[str, typer.Option(help="intake's address instead of a local stack; its token is in BACKLINE_TOKEN")]
Unit = Annotated[str, typer.Option(help="whose desk, of a local stack")]
Entry = Annotated[str, typer.Argument(help="an entry's id, as `desk list` shows it")]
Correction = Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="a JSON file")]
WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "entry": "条目",
        "what": "类别",
        "outcome": "结果",
        "channel": "渠道",
        "at": "时间",
        "why": "原因及处理办法",
        "open": "退回 {returned} 条，驳回 {rejected} 条，拒收 {refused} 条；已处理 {settled} 条。",
        "more": "后面还有：--after {next}",
        "empty": "退件台上没有内容。",
        "sent": "申请 {number}：{outcome}",
        "request": "申请",
        "line": "文件行",
        "record": "消息",
        "early": "早到的变更",
        "mail": "邮件",
        "returned": "退回",
        "rejected": "驳回",
        "refused": "拒收",
        "accepted": "受理",
        "withdrawn": "撤回",
        "held": "等候申请",
    },
    "en": {
        "entry": "entry",
        "what": "kind",
        "outcome": "outcome",
        "channel": "channel",
        "at": "at",
        "why": "why, and what to do",
        "open": "{returned} returned, {rejected} rejected, {refused} refused; {settled} settled.",
        "more": "There is more: --after {next}",
        "empty": "There is nothing on the desk.",
        "sent": "Request {number}: {outcome}",
    },
}


def add_to(app: typer.Typer) -> None:
    """desk list, desk show, desk resend."""
    desk = typer.Typer(no_args_is_help=True, help=__doc__)
    app.add_typer(desk, name="desk")
    desk.command("list")(listed)
    desk.command("show")(shown)
    desk.command("resend")(resent)


def listed(
    unit: Unit = "",
    state: Annotated[Literal["open", "settled", "all"], typer.Option(help="which entries")] = "open",
    outcome: Annotated[Literal["returned", "rejected", "refused"] | None, typer.Option(help="only these")] = None,
    channel: Annotated[str, typer.Option(help="only what came by this channel")] = "",
    after: Annotated[str, typer.Option(help="the next page, as the page before says")] = "",
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    folder: Folder = FOLDER,
    url: Url = "",
    locale: Locale = None,
) -> None:
    """What lies on a unit's desk, newest first."""
    language = language_of(locale)
    given = {"state": state, "outcome": outcome or "", "channel": channel, "after": after, "limit": str(limit)}
    asked = urlencode({name: value for name, value in given.items() if value})
    page = _ask("GET", f"/v1/desk?{asked}", unit, folder, url, language)
    words = WORDS[language]
    if page["entries"]:
        table = Table(*(words[name] for name in ("entry", "what", "outcome", "channel", "at", "why")))
        table.columns[0].overflow = table.columns[5].overflow = "fold"
        for line in page["entries"]:
            table.add_row(*(escape(cell) for cell in _row(line, language)))
        console.print(table)
    else:
        console.print(words["empty"])
    console.print(words["open"].format(**page["counts"]), highlight=False)
    if page["next"]:
        console.print(words["more"].format(next=page["next"]), highlight=False, soft_wrap=True)


def shown(entry: Entry, unit: Unit = "", folder: Folder = FOLDER, url: Url = "", locale: Locale = None) -> None:
    """One entry with what was sent, as JSON."""
    found = _ask("GET", f"/v1/desk/{entry}", unit, folder, url, language_of(locale))
    console.print_json(json.dumps(found, ensure_ascii=False))


def resent(
    entry: Entry,
    unit: Unit = "",
    body: Correction = None,
    patch: Correction = None,
    action: Annotated[Literal["submit", "amend", "withdraw"] | None, typer.Option(help="when it is not what was sent")] = None,
    folder: Folder = FOLDER,
    url: Url = "",
    locale: Locale = None,
) -> None:
    """Send an entry again: a whole --body, a --patch to what was sent (JSON Merge Patch), or the same once more.

    Exit status 1: it was not accepted. Repeating the command is safe.
    """
    language = language_of(locale)
    if body is not None and patch is not None:
        fail("Give --body or --patch, not both.", WRONGLY_ASKED)
    correction: dict[str, Any] = {"action": action} if action else {}
    correction |= {name: _read(file) for name, file in (("body", body), ("patch", patch)) if file is not None}
    answer = _ask("POST", f"/v1/desk/{entry}/resend", unit, folder, url, language, json.dumps(correction).encode())
    words = WORDS[language]
    told = words.get(answer["outcome"], answer["outcome"])
    console.print(words["sent"].format(number=answer["number"], outcome=told), highlight=False)
    if answer["outcome"] in {"returned", "rejected"}:
        raise typer.Exit(FAILED)


def _ask(method: str, path: str, unit: str, folder: Path, url: str, language: Language, content: bytes | None = None) -> Any:
    if not url and not unit:
        fail("Say whose desk with --unit; at another address the token says it.", WRONGLY_ASKED)
    target = Target.chosen(folder, "intake", url)
    address = target.url("intake")
    kind = {} if content is None else {"Content-Type": "application/json"}
    with reaching(address), target.client(f"dev-unit-{unit}", language=language) as client:
        answer: httpx.Response = client.request(method, f"{address}{path}", content=content, headers=kind)
        return checked(answer)


def _row(line: dict[str, Any], language: Language) -> list[str]:
    words = WORDS[language]
    why = "\n".join(f"{fault['field']}: {sentence(fault['message'], language)}".removeprefix(": ") for fault in line["why"])
    named = [words.get(line[name], line[name]) for name in ("kind", "outcome")]
    return [line["entry"], *named, line["channel"], line["at"], why]


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        fail(f"{file} cannot be read as JSON ({type(error).__name__}); mend it and run the command again.", WRONGLY_ASKED)
    if not isinstance(content, dict):
        fail(f"{file} must hold one JSON object.", WRONGLY_ASKED)
    return content
