"""Who is asking, and what they may: a unit's system, a person or one of our services, by bearer token.

Invariant: tokens are kept and compared as digests, so that an answer's time tells nothing of them; development tokens work in
development alone; no token that somebody may have chosen is looked at while its address has guessed too often (docs/decisions/0020).
"""

import hashlib
import hmac
import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Protocol

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials

from shared.http.access import Access, monotonous
from shared.http.access_keys import holder
from shared.http.issuing import Identity, IssuerAwayError
from shared.http.keys import Key, read_keys
from shared.http.openapi import BEARER
from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.access import UNIT_SCOPES, HeldKey, Scope
from shared.schemas.model import Text
from shared.schemas.people import Directory

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
ISSUER_AWAY = Refusal(
    code="issuer_away",
    status=503,
    message=Text(
        zh="暂时无法从身份提供方取得公钥，不能核验此令牌；请稍后用同样的内容重试。",
        en="The issuer's public keys cannot be had right now, so this token cannot be checked; send the same again shortly.",
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


class Authenticator:
    """Knows the service token, the tokens of the keys file, what `access` opens, and in development dev-unit-<code> and
    dev-person-<id>.

    A person must be active in the directory, and has the roles held there. A unit's development token needs no entry,
    so that an empty directory can be fed.
    """

    def __init__(
        self,
        *,
        service_token: str,
        environment: str,
        keys_file: str | None,
        directory: Callable[[], Directory],
        access: Access | None = None,
    ) -> None:
        self._development = environment == "development"
        self._directory = directory
        self._access = access or Access()
        own = Key(sha256=hashlib.sha256(service_token.encode()).hexdigest(), kind="service", id="service")
        self._keys = [(bytes.fromhex(key.sha256), key) for key in (own, *(read_keys(keys_file) if keys_file else ()))]

    async def principal(self, request: Request, _documented: Documented = None) -> Principal:
        """A FastAPI dependency: whoever asks, or 401, or 429. (Asynchronous, since FastAPI would run it in a thread otherwise.)"""
        limits = self._access.limits
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        token = given.strip() if scheme.lower() == "bearer" else ""
        found = await self._proven(token)
        if found is None:
            limits.before(request)
            found = self._listed(token)
        if found is None:
            limits.guessed(request)
            raise Refused(UNAUTHORISED)
        if found.kind != "service":
            limits.asked(f"{found.kind}:{found.id}")
        return found

    def needs(self, scope: Scope) -> Callable[..., Awaitable[Principal]]:
        """The FastAPI dependency of routes that need `scope`: whoever asks and may, or 401, 403, 429. The OpenAPI document names it."""
        Scoped = Annotated[HTTPAuthorizationCredentials | None, Security(BEARER, scopes=[scope])]

        async def scoped(request: Request, _documented: Scoped = None) -> Principal:
            principal = await self.principal(request)
            if not principal.may(scope):
                challenge = f'Bearer error="insufficient_scope", scope="{scope}"'  # RFC 6750, section 3.1
                raise Refused(_lacking(scope), headers={"WWW-Authenticate": challenge}, extra={"needs": scope})
            return principal

        return scoped

    async def service(self, request: Request, _documented: Documented = None) -> Principal:
        """A FastAPI dependency: one of our own services, or 401 or 403."""
        principal = await self.principal(request)
        if principal.kind != "service":
            raise Refused(SERVICES_ONLY)
        return principal

    async def _proven(self, token: str) -> Principal | None:
        """Whose token it is of those that nobody can guess: they open also where somebody else guesses from the same address."""
        access = self._access
        if held := holder(token, access.keys(), access.peppers, access.now()):
            access.used[held.key.id] = access.now()
            return _system(held)
        if access.services and (issuer := access.services.issuer(token, access.service)):
            return Principal(kind="service", id=issuer)
        return await self._issued(token)

    def _listed(self, token: str) -> Principal | None:
        """Whose token it is of those that were written down by somebody, and in development by nobody."""
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = [key for expected, key in self._keys if hmac.compare_digest(digest, expected)]
        if known:
            return self._holder(known[0])
        if self._development and (code := _after(token, "dev-unit-")):
            return Principal(kind="unit", id=code, business_unit=code)
        if self._development and (identity := _after(token, "dev-person-")):
            return self._person(identity)
        return None

    async def _issued(self, token: str) -> Principal | None:
        """Whom a token of the issuer stands for, as far as the directory knows the unit or person."""
        if self._access.issuer is None:
            return None
        try:
            identity = await self._access.issuer.identity(token)
        except IssuerAwayError as error:
            raise Refused(ISSUER_AWAY) from error
        match identity:
            case Identity(kind="unit", id=code) if code in self._directory().units:
                return Principal(
                    kind="unit",
                    id=f"{code}/{identity.client}",
                    business_unit=code,
                    scopes=identity.scopes & UNIT_SCOPES,
                    files_for="unit",
                )
            case Identity(kind="person", id=person):
                found = self._person(person)
                return replace(found, scopes=identity.scopes) if found else None
            case _:
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
        directory = self._directory()
        person = directory.people.get(identity)
        if person is None or not person.active:
            return None
        return Principal.of_person(person, directory, self._access.now())


def authenticator(settings: AuthSettings, directory: Callable[[], Directory], access: Access | None = None) -> Authenticator:
    """The authenticator for `settings`; raises KeysFileError. Use `.needs`, `.principal` and `.service` as dependencies."""
    return Authenticator(
        service_token=settings.service_token,
        environment=settings.environment,
        keys_file=settings.keys_file,
        directory=directory,
        access=access,
    )


def check_bind(host: str, environment: str, keys_file: str | None, *, service_token: str | None = None) -> None:
    """Raise UnsafeBindError for a bind beyond loopback in development, without a keys file, or with a weak service token."""
    if loopback(host):
        return
    if environment == "development" or not keys_file:
        raise UnsafeBindError(
            f"BACKLINE_HOST is {host!r}, which others can reach; set BACKLINE_KEYS_FILE and BACKLINE_ENVIRONMENT=production, "
            "or bind to 127.0.0.1."
        )
    if service_token is not None and weak_service_token(service_token):
        raise UnsafeBindError(
            f"BACKLINE_SERVICE_TOKEN can be guessed while BACKLINE_HOST {host!r} can be reached by others; "
            f"set a random one of at least {SHORTEST_SERVICE_TOKEN} characters."
        )


def weak_service_token(token: str) -> bool:
    """Whether it may be guessed: short, of few different characters, or one of those that local stacks have."""
    return len(token) < SHORTEST_SERVICE_TOKEN or token.startswith(("dev-", "local-")) or monotonous(token)


def _system(held: HeldKey) -> Principal:
    return Principal(
        kind="unit",
        id=f"{held.business_unit}/{held.system}",
        business_unit=held.business_unit,
        scopes=frozenset(held.key.scopes),
        files_for=held.key.files_for,
        system=held.system,
    )


def _lacking(scope: str) -> Refusal:
    message = Text(
        zh=f"此令牌没有权限范围 {scope}；请向管理员申请带有该范围的密钥。",
        en=f"This token does not give the scope {scope}; ask the administrators for a key that does.",
    )
    return Refusal(code="scope_missing", status=403, message=message)


def loopback(host: str) -> bool:
    """Whether `host`, a name or an address, is this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _after(token: str, prefix: str) -> str:
    """What follows `prefix` when it can be an identifier, else nothing."""
    rest = token.removeprefix(prefix) if token.startswith(prefix) else ""
    return rest if rest.isprintable() and len(rest) <= 100 else ""
