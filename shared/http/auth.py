"""Who is asking: a unit's system, a person or one of our services, by bearer token. Development tokens work in development alone.

Invariant: tokens are kept and compared as SHA-256 digests, each against all, so that an answer's time tells nothing of them.
"""

import hashlib
import hmac
import ipaddress
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials

from shared.http.keys import Key, read_keys
from shared.http.openapi import BEARER
from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.model import Text
from shared.schemas.people import Directory
from shared.storage import Sight

UNAUTHORISED = Refusal(
    code="unauthorised",
    status=401,
    message=Text(
        zh="缺少凭证或凭证无效；请在 Authorization 头中给出有效的 Bearer 令牌。",
        en="The token is missing or not valid; give a valid bearer token in the Authorization header.",
    ),
)
SERVICES_ONLY = Refusal(
    code="services_only",
    status=403,
    message=Text(
        zh="此地址只供内部服务使用；请用服务凭证。", en="This address is for Backline's own services; use the service token."
    ),
)
SHORTEST_SERVICE_TOKEN = 16
Documented = Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]
"""What makes the OpenAPI document say that a route asks for a token."""


class UnsafeBindError(Exception):
    """The service would listen beyond this machine with tokens that anybody knows or may guess."""


class AuthSettings(Protocol):
    """The settings an authenticator reads."""

    @property
    def service_token(self) -> str: ...
    @property
    def environment(self) -> str: ...
    @property
    def keys_file(self) -> str | None: ...


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who asks. `id` is a unit's code, a person's id or "service"."""

    kind: Literal["unit", "person", "service"]
    id: str
    business_unit: str | None = None
    roles: frozenset[str] = frozenset()

    @property
    def sight(self) -> Sight:
        """What may be seen: by our own services everything, by others what belongs to their unit, by people also where they have a part."""
        if self.kind == "service":
            return Sight.of_our_services()
        return Sight(unit=self.business_unit, person=self.id if self.kind == "person" else None)

    def sees(self, *, units: Collection[str], people: Collection[str]) -> bool:
        """Whether what belongs to `units`, and in which `people` have a part, may be shown: to our own services always."""
        return self.sight.allows(units=units, people=people)


class Authenticator:
    """Knows the service token, the tokens of the keys file, and in development dev-unit-<code> and dev-person-<id>.

    A person must be active in the directory, and has the roles held there. A unit's development token needs no entry,
    so that an empty directory can be fed.
    """

    def __init__(
        self, *, service_token: str, environment: str, keys_file: str | None, directory: Callable[[], Directory]
    ) -> None:
        self._development = environment == "development"
        self._directory = directory
        own = Key(sha256=hashlib.sha256(service_token.encode()).hexdigest(), kind="service", id="service")
        self._keys = [(bytes.fromhex(key.sha256), key) for key in (own, *(read_keys(keys_file) if keys_file else ()))]

    async def principal(self, request: Request, _documented: Documented = None) -> Principal:
        """A FastAPI dependency: whoever asks, or 401. (Asynchronous, since FastAPI would run it in a thread otherwise.)"""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        found = self._find(token.strip()) if scheme.lower() == "bearer" else None
        if found is None:
            raise Refused(UNAUTHORISED)
        return found

    async def service(self, request: Request, _documented: Documented = None) -> Principal:
        """A FastAPI dependency: one of our own services, or 401 or 403."""
        principal = await self.principal(request)
        if principal.kind != "service":
            raise Refused(SERVICES_ONLY)
        return principal

    def _find(self, token: str) -> Principal | None:
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = [key for expected, key in self._keys if hmac.compare_digest(digest, expected)]
        if known:
            return self._holder(known[0])
        if self._development and (code := _after(token, "dev-unit-")):
            return Principal(kind="unit", id=code, business_unit=code)
        if self._development and (identity := _after(token, "dev-person-")):
            return self._person(identity)
        return None

    def _holder(self, key: Key) -> Principal | None:
        match key.kind:
            case "person":
                return self._person(key.id)
            case "unit":
                return Principal(kind="unit", id=key.id, business_unit=key.business_unit or key.id, roles=frozenset(key.roles))
            case "service":
                return Principal(kind="service", id=key.id, roles=frozenset(key.roles))

    def _person(self, identity: str) -> Principal | None:
        person = self._directory().people.get(identity)
        if person is None or not person.active:
            return None
        return Principal(kind="person", id=identity, business_unit=person.business_unit, roles=frozenset(person.roles))


def authenticator(settings: AuthSettings, directory: Callable[[], Directory]) -> Authenticator:
    """The authenticator for `settings`; raises KeysFileError. Use `.principal` and `.service` as dependencies."""
    return Authenticator(
        service_token=settings.service_token,
        environment=settings.environment,
        keys_file=settings.keys_file,
        directory=directory,
    )


def check_bind(host: str, environment: str, keys_file: str | None, *, service_token: str | None = None) -> None:
    """Raise UnsafeBindError for a bind beyond loopback in development, without a keys file, or with a weak service token."""
    if _loopback(host):
        return
    if environment == "development" or not keys_file:
        raise UnsafeBindError(
            f"BACKLINE_HOST is {host!r}, which others can reach; set BACKLINE_KEYS_FILE and BACKLINE_ENVIRONMENT=production, "
            "or bind to 127.0.0.1."
        )
    if service_token is not None and (len(service_token) < SHORTEST_SERVICE_TOKEN or service_token.startswith("dev-")):
        raise UnsafeBindError(
            f"BACKLINE_SERVICE_TOKEN can be guessed while BACKLINE_HOST {host!r} can be reached by others; "
            f"set a random one of at least {SHORTEST_SERVICE_TOKEN} characters."
        )


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _after(token: str, prefix: str) -> str:
    """What follows `prefix` when it can be an identifier, else nothing."""
    rest = token.removeprefix(prefix) if token.startswith(prefix) else ""
    return rest if rest.isprintable() and len(rest) <= 100 else ""
