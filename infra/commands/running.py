"""Starting, ending and looking at the local stack."""

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from infra.commands.target import FOLDER, Target
from infra.embedded import ProgramError
from infra.stack import Stack

console = Console()
DOWN_SECONDS = 60
Folder = Annotated[Path, typer.Option(help="where the stack keeps its data")]


def add_to(app: typer.Typer) -> None:
    """up, down, status."""
    app.command()(up)
    app.command()(down)
    app.command()(status)


def up(
    folder: Folder = FOLDER,
    scale: Annotated[str, typer.Option(envvar="SCALE", help="processes per service, for example routing=3,notify=2")] = "",
    clock: Annotated[str | None, typer.Option(help="ISO time with offset at which the services' clock starts")] = None,
) -> None:
    """Start the stack in the foreground and show its addresses; Ctrl-C ends it."""
    stack = Stack(folder, scale=_scale(scale), clock=clock, say=lambda text: console.print(f"[dim]{text}[/dim]"))
    try:
        asyncio.run(_run(stack))
    except ProgramError as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(1) from error


def down(folder: Folder = FOLDER) -> None:
    """End a stack that runs elsewhere, and wait until it has."""
    supervisor = Target.at(folder).supervisor
    if not _is_ours(supervisor):
        console.print("No stack is running there.")
        return
    os.kill(supervisor, signal.SIGTERM)
    deadline = time.monotonic() + DOWN_SECONDS
    while _is_ours(supervisor):
        if time.monotonic() > deadline:
            typer.secho(f"Process {supervisor} has not ended after {DOWN_SECONDS} s; look at {folder}/log.", fg="red", err=True)
            raise typer.Exit(1)
        time.sleep(0.1)
    console.print("The stack has ended.")


def status(folder: Folder = FOLDER) -> None:
    """Ask every process whether it is ready."""
    target = Target.at(folder)
    shown = Table("process", "address", "ready", "problem")
    for name in target.processes():
        try:
            answer = httpx.get(f"{target.url(name)}/readyz", timeout=5).json()
            shown.add_row(name, target.url(name), "yes" if answer["ok"] else "no", "; ".join(answer["problems"].values()))
        except httpx.HTTPError as error:
            shown.add_row(name, target.url(name), "no", type(error).__name__)
    console.print(shown)


async def _run(stack: Stack) -> None:
    ended = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, ended.set)
    starting = asyncio.create_task(stack.start())
    stopping = asyncio.create_task(ended.wait())
    tasks: list[asyncio.Task[Any]] = [starting, stopping]
    try:
        await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            await starting
            console.print(_addresses(stack))
            tasks.append(asyncio.create_task(stack.watch()))
            await asyncio.wait(tasks[1:], return_when=asyncio.FIRST_COMPLETED)
            if tasks[-1].done():
                await tasks[-1]
    finally:
        for task in tasks:
            task.cancel()
        console.print("[dim]stopping …[/dim]")
        await stack.stop()


def _addresses(stack: Stack) -> Table:
    shown = Table("what", "where", title="The stack is ready; Ctrl-C ends it")
    for name in stack.services:
        shown.add_row(name, f"http://127.0.0.1:{stack.ports[name]}")
    shown.add_row("database", stack.mongod.uri)
    shown.add_row("broker", stack.broker.address)
    shown.add_row("mails", str(stack.maildir))
    shown.add_row("chat messages", str(stack.chats))
    return shown


def _scale(text: str) -> dict[str, int]:
    """`routing=3,notify=2` as numbers; ends the command when it is anything else."""
    try:
        return {name: int(number) for name, number in (part.split("=") for part in text.split(",") if part)}
    except ValueError as error:
        typer.secho(f"SCALE is {text!r}; write for example routing=3,notify=2.", fg="red", err=True)
        raise typer.Exit(2) from error


def _is_ours(pid: int) -> bool:
    """Whether the process is a `backline` still: process ids are used again."""
    file = Path(f"/proc/{pid}/cmdline")
    try:
        return b"backline" in file.read_bytes() or b"infra" in file.read_bytes()
    except OSError:
        return False
