"""Which processes a command talks to, and the token it goes by: a local stack found by its folder, or addresses that are given.

Invariant: development tokens go to a local stack alone; whoever names an address brings the token for it, and unless it is said that
it may, no token leaves this machine in clear.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import httpx

from infra.commands.ending import WRONGLY_ASKED, fail, reaching
from infra.commands.language import Language, language_of
from infra.stack import SERVICE_TOKEN
from shared.client import Client
from shared.http.auth import loopback
from shared.schemas.envelope import SOURCES

FOLDER = Path("var")
TOKEN_VARIABLE = "BACKLINE_TOKEN"  # noqa: S105  # the name of a variable, no token
IN_CLEAR_VARIABLE = "BACKLINE_TOKEN_IN_CLEAR"
SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Target:
    """Addresses by process (routing-1) or by service (routing), and the token for them; None means development tokens."""

    urls: Mapping[str, str]
    token: str | None = None

    @classmethod
    def at(cls, folder: Path) -> "Target":
        """The local stack whose data are in `folder`; ends the command with a remedy when there is none."""
        file = folder / "stack.json"
        try:
            state: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            urls = {name: f"http://127.0.0.1:{port}" for name, port in state["ports"].items()}
            return cls(urls=urls)
        except FileNotFoundError:
            fail(f"There is no stack in {folder}; start one with `backline up --folder {folder}`.", WRONGLY_ASKED)
        except (OSError, ValueError, KeyError, TypeError) as error:
            fail(f"{file} cannot be read ({type(error).__name__}); move it away and start the stack again.")

    @classmethod
    def chosen(cls, folder: Path, service: str, url: str) -> "Target":
        """The one process of `service` at `url` when that is given, else the local stack in `folder`."""
        if not url:
            return cls.at(folder)
        token = os.environ.get(TOKEN_VARIABLE, "")
        if not token:
            fail(f"{url} wants a token; put it into the environment variable {TOKEN_VARIABLE}.", WRONGLY_ASKED)
        if in_clear(url) and os.environ.get(IN_CLEAR_VARIABLE, "") != "true":
            fail(
                f"{url} is neither https nor on this machine: the token would go over the network for anybody on the way to read. "
                f"Give an https address, or set {IN_CLEAR_VARIABLE}=true.",
                WRONGLY_ASKED,
            )
        return cls(urls={service: url.rstrip("/")}, token=token)

    def url(self, service: str) -> str:
        """One process of `service`."""
        name = service if service in self.urls else f"{service}-1"
        if name not in self.urls:
            fail(f"The stack has no process {name}; it has {', '.join(self.processes())}.", WRONGLY_ASKED)
        return self.urls[name]

    def processes(self) -> list[str]:
        """The names of the service processes, such as routing-2."""
        return [name for name in self.urls if name.rsplit("-", 1)[-1].isdigit()]

    def client(self, development_token: str = SERVICE_TOKEN, *, language: Language | None = None) -> httpx.Client:
        """A client with the token that was given, or with `development_token` to a local stack; it is answered in `language`."""
        headers = {"Authorization": f"Bearer {self._said(development_token)}", "Accept-Language": language or language_of(None)}
        return httpx.Client(timeout=SECONDS, headers=headers, trust_env=False)

    def api(self, development_token: str = SERVICE_TOKEN, *, language: Language) -> Client:
        """The client of the services that there are, by the token that was given, or by `development_token` to a local stack."""
        there = [service for service in SOURCES if service in self.urls or f"{service}-1" in self.urls]
        urls: dict[str, str] = {service: self.url(service) for service in there}
        return Client(urls, self._said(development_token), language=language)

    def _said(self, development_token: str) -> str:
        """The token that was given, else `development_token`; ends the command when it cannot be sent."""
        token = self.token or development_token
        if not (token.isascii() and token.isprintable()):
            fail("A unit's code and a token are printable ASCII without line breaks; check what was given.", WRONGLY_ASKED)
        return token

    def ask(self, method: str, service: str, path: str, *, content: bytes | None = None) -> Any:
        """The JSON that `service` answers to an operator; ends the command when there is none or it is a problem."""
        address = self.url(service)
        with reaching(address), self.client() as client:
            kind = {} if content is None else {"Content-Type": "application/json"}
            return checked(client.request(method, f"{address}{path}", content=content, headers=kind))


def in_clear(url: str) -> bool:
    """Whether what is sent to `url` can be read on its way: it is not https, and leaves this machine."""
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        return False  # nothing is sent there
    return address.scheme != "https" and not loopback(address.host)


def checked(answer: httpx.Response) -> Any:
    """The answer's JSON; ends the command with the problem's own words when it is one."""
    if not answer.is_success or "json" not in answer.headers.get("content-type", ""):
        refuse(answer)
    return answer.json()


def refuse(answer: httpx.Response) -> NoReturn:
    """End the command with what the problem says (RFC 9457's detail), or with the start of whatever came instead."""
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = answer.text[:300] or "nothing"
    fail(f"{answer.url.host}:{answer.url.port} answered {answer.status_code}: {detail}")
