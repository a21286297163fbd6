"""Starting, ending and looking at the local stack.

Invariant: one folder has one stack; whatever ends `up`, nothing it started is left running.
"""

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.brokers import BrokerKind
from infra.commands import requesting
from infra.commands.ending import FAILED, WRONGLY_ASKED, fail
from infra.commands.language import Locale, language_of
from infra.commands.target import FOLDER, Target
from infra.embedded import ProgramError
from infra.embedded.ports import PortError
from infra.stack import Stack
from infra.stack_folder import STATE, supervisor_of
from shared.schemas.envelope import SOURCES
from shared.telemetry.clock import ClockError, clock_from

console = Console()
DOWN_SECONDS = 60
MOST_PROCESSES = 16
NOTHING_RUNS = 3
"""The exit status that the Linux Standard Base gives a program that is not running."""
SILENT = "It does not answer"
Folder = Annotated[Path, typer.Option(help="where the stack keeps its data")]


def add_to(app: typer.Typer) -> None:
    """up, down, status, address."""
    app.command()(up)
    app.command()(down)
    app.command()(status)
    app.command()(address)


def up(
    folder: Folder = FOLDER,
    scale: Annotated[str, typer.Option(envvar="SCALE", help="processes per service, for example routing=3,notify=2")] = "",
    clock: Annotated[str | None, typer.Option(help="ISO time with offset at which the services' clock starts")] = None,
    broker: Annotated[BrokerKind, typer.Option(help="the embedded one, or Apache Kafka (needs Java 17 and Maven)")] = "embedded",
    brokers: Annotated[int, typer.Option(help="how many processes Kafka has: 1, or 3 that may lose one", min=1, max=3)] = 1,
) -> None:
    """Start the stack in the foreground and show its addresses; Ctrl-C ends it. Exit status 1: it did not start or stay."""
    processes = scale_of(scale)
    _ensure_clock(clock)
    try:
        stack = Stack(
            folder,
            scale=processes,
            clock=clock,
            say=lambda text: console.print(f"[dim]{escape(text)}[/dim]"),
            broker=broker,
            brokers=brokers,
        )
        asyncio.run(_run(stack))
    except (ProgramError, PortError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"The stack cannot use {folder} ({error}); choose another folder with --folder.")


def down(folder: Folder = FOLDER) -> None:
    """End a stack that runs elsewhere, and wait until it has. None running is fine."""
    supervisor = supervisor_of(folder)
    if supervisor is None:
        console.print("No stack is running there.")
        return
    with suppress(ProcessLookupError):
        os.kill(supervisor, signal.SIGTERM)
    deadline = time.monotonic() + DOWN_SECONDS
    while supervisor_of(folder) is not None:
        if time.monotonic() > deadline:
            fail(f"Process {supervisor} has not ended after {DOWN_SECONDS} s; look into {folder}/log.")
        time.sleep(0.1)
    console.print("The stack has ended.")


def status(
    name: Annotated[str, typer.Argument(help="a request's id or number: its status; the stack's when not given")] = "",
    folder: Folder = FOLDER,
    url: Annotated[str, typer.Option(help="intake's address instead of a local stack, for a request")] = "",
    unit: Annotated[str, typer.Option(help="the business unit in whose name a local stack is asked for a request")] = "",
    locale: Locale = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the request as JSON")] = False,
) -> None:
    """Show a request, or ask every process of the stack whether it is ready.

    Exit status 1: the request is not there, or a process is not ready; 3: no stack runs there.
    """
    if name:
        requesting.show(name, folder, url, unit, language_of(locale), as_json=as_json)
        return
    nothing_runs = f"No stack runs in {folder}; start one with `backline up --folder {folder}`."
    if not (folder / STATE).exists():
        fail(nothing_runs, NOTHING_RUNS)
    target = Target.at(folder)
    problems = {name: _problem(target.url(name)) for name in target.processes()}
    if supervisor_of(folder) is None and all(problem and problem.startswith(SILENT) for problem in problems.values()):
        fail(nothing_runs, NOTHING_RUNS)
    shown = Table("process", "address", "ready", "problem")
    for process, problem in problems.items():
        shown.add_row(process, target.url(process), "no" if problem else "yes", escape(problem or ""))
    console.print(shown)
    if any(problems.values()):
        raise typer.Exit(FAILED)


def address(
    service: Annotated[str, typer.Argument(help="intake, routing, notify or documents")], folder: Folder = FOLDER
) -> None:
    """Print the address of a service, for a script: INTAKE=$(backline address intake)."""
    typer.echo(Target.at(folder).url(service))


def scale_of(text: str) -> dict[str, int]:
    """`routing=3,notify=2` as numbers; ends the command when it is anything else."""
    scale: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        service, _, number = part.partition("=")
        if service not in SOURCES or not number.isdecimal() or not 1 <= int(number) <= MOST_PROCESSES:
            fail(
                f"SCALE says {part!r}; write a service ({', '.join(SOURCES)}) and 1 to {MOST_PROCESSES}, "
                "for example routing=3,notify=2.",
                WRONGLY_ASKED,
            )
        scale[service] = int(number)
    return scale


async def _run(stack: Stack) -> None:
    ended = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, ended.set)
    asked = asyncio.create_task(ended.wait())
    living: asyncio.Task[Any] = asyncio.create_task(_live(stack))
    try:
        await asyncio.wait([living, asked], return_when=asyncio.FIRST_COMPLETED)
        if living.done():
            await living
    finally:
        for task in (living, asked):
            task.cancel()
        await asyncio.gather(living, asked, return_exceptions=True)
        console.print("[dim]stopping …[/dim]")
        await stack.stop()


async def _live(stack: Stack) -> None:
    await stack.start()
    console.print(_addresses(stack))
    await stack.watch()


def _addresses(stack: Stack) -> Table:
    shown = Table("what", title="The stack is ready; Ctrl-C ends it")
    shown.add_column("where", overflow="fold")
    for name in stack.services:
        shown.add_row(name, f"http://127.0.0.1:{stack.ports[name]}")
    shown.add_row("database", stack.mongod.uri)
    shown.add_row("broker", stack.broker.address)
    shown.add_row("requests by mail", f"smtp://127.0.0.1:{stack.ports['mail']}")
    shown.add_row("mails", str(stack.maildir))
    shown.add_row("chat messages", str(stack.chats))
    return shown


def _problem(address: str) -> str | None:
    """Why the process at `address` is not ready, or None."""
    try:
        answer = httpx.get(f"{address}/readyz", timeout=5, trust_env=False)
        problems = answer.json()["problems"]
    except httpx.HTTPError as error:
        return f"{SILENT} ({type(error).__name__})."
    except (ValueError, KeyError, TypeError):
        return f"Something else answers there ({answer.status_code})."
    return "; ".join(map(str, problems.values())) or None


def _ensure_clock(clock: str | None) -> None:
    """End the command before anything is started when the services would refuse the clock."""
    try:
        clock_from(clock, "development")
    except ClockError as error:
        fail(f"--clock: {error}", WRONGLY_ASKED)
