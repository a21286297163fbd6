"""A unit's rejection desk at a terminal: what came to nothing and why, corrected and sent again."""

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.commands.asking import asking
from infra.commands.ending import FAILED, WRONGLY_ASKED, fail
from infra.commands.language import Language, Locale, language_of
from infra.commands.target import FOLDER
from shared.client import Client
from shared.client.models import DeskLine

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
    with _asking(folder, url, unit, language) as client:
        page = client.desk(state=state, outcome=outcome, channel=channel or None, after=after or None, limit=limit)
    words = WORDS[language]
    if page.entries:
        table = Table(*(words[name] for name in ("entry", "what", "outcome", "channel", "at", "why")))
        table.columns[0].overflow = table.columns[5].overflow = "fold"
        for line in page.entries:
            table.add_row(*(escape(cell) for cell in _row(line, language)))
        console.print(table)
    else:
        console.print(words["empty"])
    console.print(words["open"].format(**page.counts.model_dump()), highlight=False)
    if page.next:
        console.print(words["more"].format(next=page.next), highlight=False, soft_wrap=True)


def shown(entry: Entry, unit: Unit = "", folder: Folder = FOLDER, url: Url = "", locale: Locale = None) -> None:
    """One entry with what was sent, as JSON."""
    with _asking(folder, url, unit, language_of(locale)) as client:
        found = client.desk_entry(entry)
    console.print_json(found.model_dump_json())


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
    given, change = (None if file is None else _read(file) for file in (body, patch))
    with _asking(folder, url, unit, language) as client:
        answer = client.resend(entry, action=action, body=given, patch=change)
    words = WORDS[language]
    told = words.get(answer.outcome, answer.outcome)
    console.print(words["sent"].format(number=answer.number, outcome=told), highlight=False)
    if answer.outcome in {"returned", "rejected"}:
        raise typer.Exit(FAILED)


def _asking(folder: Path, url: str, unit: str, language: Language) -> AbstractContextManager[Client]:
    if not url and not unit:
        fail("Say whose desk with --unit; at another address the token says it.", WRONGLY_ASKED)
    return asking(folder, url, unit, language)


def _row(line: DeskLine, language: Language) -> list[str]:
    words = WORDS[language]
    why = "\n".join(f"{fault.field}: {fault.message.by_locale(language)}".removeprefix(": ") for fault in line.why)
    return [line.entry, *(words.get(name, name) for name in (line.kind, line.outcome)), line.channel, line.at, why]


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        fail(f"{file} cannot be read as JSON ({type(error).__name__}); mend it and run the command again.", WRONGLY_ASKED)
    if not isinstance(content, dict):
        fail(f"{file} must hold one JSON object.", WRONGLY_ASKED)
    return content
