"""Which processes a command talks to: those of the local stack, found by its folder, and the token it goes by."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import typer

from infra.stack import SERVICE_TOKEN

FOLDER = Path("var")


@dataclass(frozen=True, kw_only=True)
class Target:
    """A local stack: the ports of its processes and its supervisor."""

    ports: dict[str, int]
    supervisor: int

    @classmethod
    def at(cls, folder: Path) -> "Target":
        """The stack whose data are in `folder`; ends the command with a remedy when there is none."""
        file = folder / "stack.json"
        if not file.exists():
            typer.secho(f"There is no stack in {folder}; start one with `backline up --folder {folder}`.", fg="red", err=True)
            raise typer.Exit(2)
        state: dict[str, Any] = json.loads(file.read_text())
        return cls(ports=state["ports"], supervisor=state["supervisor"])

    def url(self, service: str) -> str:
        """One process of `service`."""
        name = service if service in self.ports else f"{service}-1"
        return f"http://127.0.0.1:{self.ports[name]}"

    def processes(self) -> list[str]:
        """The names of the service processes, such as routing-2."""
        return [name for name in self.ports if name.rsplit("-", 1)[-1].isdigit()]

    def client(self, token: str = SERVICE_TOKEN) -> httpx.Client:
        """A client with a token."""
        return httpx.Client(timeout=120, headers={"Authorization": f"Bearer {token}"})


def checked(answer: httpx.Response) -> Any:
    """The answer's JSON; ends the command with the problem's own words when it is one."""
    if answer.is_success:
        return answer.json()
    problem = answer.json() if "json" in answer.headers.get("content-type", "") else {"detail": answer.text[:300]}
    typer.secho(f"{answer.status_code}: {problem.get('detail')}", fg="red", err=True)
    raise typer.Exit(1)
