"""What opens addresses besides the service token and the keys file: keys of units' systems, an issuer's tokens, service tokens.

`AccessSettings` are its environment variables, `Access` is what they amount to in one process.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
from pydantic import Field, SecretStr, field_validator

from shared.http.access_keys import Peppers
from shared.http.issuing import ALGORITHMS, Claims, Issues
from shared.http.rates import Buckets, Limits, Rate, networks
from shared.http.service_tokens import ServiceTokens
from shared.schemas.access import SCOPES, UNIT_SCOPES, KeyRing
from shared.schemas.model import Frozen

DEVELOPMENT = "development"
DEVELOPMENT_PEPPER = "dev-pepper-of-every-local-stack"
SHORTEST_PEPPER = 32
FEWEST_CHARACTERS = 8
PER_SECOND, BURST = 50.0, 500
GUESSES_PER_SECOND, GUESSES_AT_ONCE = 0.5, 30


class AccessSettings(Frozen):
    """Which keys and tokens are taken, and how often their holders may ask. Lists have commas between."""

    key_pepper: SecretStr | None = Field(default=None, description="under which the secrets of units' keys are kept")
    key_pepper_before: SecretStr | None = Field(default=None, description="the one before it, while older keys are replaced")
    access_role: str | None = Field(default=None, min_length=1, description="the role whose holders issue and revoke keys")
    oidc_issuer: str | None = Field(default=None, min_length=1, description="the `iss` of the tokens that are taken")
    oidc_audience: str | None = Field(default=None, min_length=1, description="the `aud` that means us")
    oidc_jwks_url: str | None = Field(default=None, pattern="^https?://[^@]+$", description="where the issuer's public keys are")
    oidc_algorithms: str = "RS256,ES256"
    oidc_unit_claim: str = Field(default="business_unit", min_length=1)
    oidc_person_claim: str = Field(default="employee_id", min_length=1)
    oidc_scope_claim: str = Field(default="scope", min_length=1)
    oidc_scope_prefix: str = ""
    oidc_person_scopes: str = ",".join(sorted(UNIT_SCOPES))
    oidc_needs_nbf: bool = True
    rate_per_second: float | None = Field(default=None, ge=0, description="how often a caller may ask; 0: as often as it likes")
    rate_burst: int = Field(default=BURST, ge=1)
    guesses_per_second: float | None = Field(default=None, ge=0, description="invalid tokens of one address; 0: any number")
    guesses_burst: int = Field(default=GUESSES_AT_ONCE, ge=1)
    trusted_proxies: str = Field(default="", description="addresses or networks whose X-Forwarded-For is believed")

    @field_validator("oidc_algorithms")
    @classmethod
    def _algorithms(cls, value: str) -> str:
        return _of(value, ALGORITHMS)

    @field_validator("oidc_person_scopes")
    @classmethod
    def _scopes(cls, value: str) -> str:
        return _of(value, SCOPES, may_be_empty=True)

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        networks(value)
        return value


class OfService(AccessSettings):
    """The settings of one service, as far as they are needed here."""

    environment: str = "production"
    service: str = ""


@dataclass(frozen=True, kw_only=True)
class Access:
    """One process's ways in. Without anything but defaults there are none, and no limits. `used` says when it last saw which key."""

    keys: Callable[[], KeyRing] = KeyRing
    peppers: Peppers = field(default_factory=lambda: Peppers(None))
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    issuer: Issues | None = None
    limits: Limits = field(default_factory=Limits)
    services: ServiceTokens | None = None
    service: str = ""
    used: dict[str, datetime] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        settings: "OfService",
        *,
        keys: Callable[[], KeyRing],
        now: Callable[[], datetime],
        outside: httpx.AsyncClient,
        services: ServiceTokens,
    ) -> "Access":
        """What `settings` say. `outside` is the client for the issuer; development has a pepper, and no limits unless set."""
        development = settings.environment == DEVELOPMENT
        return cls(
            keys=keys,
            peppers=peppers_of(settings, development=development),
            now=now,
            issuer=_issuer(settings, outside),
            limits=_limits(settings, development=development),
            services=services,
            service=settings.service,
        )


def problems_of(settings: AccessSettings, *, development: bool) -> list[str]:
    """Why the settings cannot be used, each with its variable and the remedy."""
    problems = []
    for name, secret in (("KEY_PEPPER", settings.key_pepper), ("KEY_PEPPER_BEFORE", settings.key_pepper_before)):
        if secret is not None and not development and _weak(secret.get_secret_value()):
            problems.append(f"BACKLINE_{name} can be guessed; set a random one of at least {SHORTEST_PEPPER} characters")
    given = [settings.oidc_issuer, settings.oidc_audience, settings.oidc_jwks_url]
    if any(given) and not all(given):
        problems.append(
            "BACKLINE_OIDC_ISSUER, BACKLINE_OIDC_AUDIENCE and BACKLINE_OIDC_JWKS_URL go together; set all three or none"
        )
    if settings.oidc_jwks_url and settings.oidc_jwks_url.startswith("http:") and not development:
        problems.append("BACKLINE_OIDC_JWKS_URL is http, where anybody on the way may put keys; give an https address")
    return problems


def peppers_of(settings: AccessSettings, *, development: bool) -> Peppers:
    """The peppers that are set; in development there is always one."""
    given = settings.key_pepper.get_secret_value() if settings.key_pepper else None
    before = settings.key_pepper_before.get_secret_value() if settings.key_pepper_before else None
    return Peppers(given or (DEVELOPMENT_PEPPER if development else None), before)


def _issuer(settings: AccessSettings, outside: httpx.AsyncClient) -> Issues | None:
    if not (settings.oidc_issuer and settings.oidc_audience and settings.oidc_jwks_url):
        return None
    # Loaded by who has an issuer, which few have (see `issuing`).
    from shared.http.jwks import Jwks  # noqa: PLC0415
    from shared.http.oidc import Issuer  # noqa: PLC0415

    keys = Jwks(settings.oidc_jwks_url, outside, _parts(settings.oidc_algorithms))
    claims = Claims(
        unit=settings.oidc_unit_claim,
        person=settings.oidc_person_claim,
        scope=settings.oidc_scope_claim,
        scope_prefix=settings.oidc_scope_prefix,
        person_scopes=frozenset(_parts(settings.oidc_person_scopes)),
        needs_nbf=settings.oidc_needs_nbf,
    )
    return Issuer(keys, issuer=settings.oidc_issuer, audience=settings.oidc_audience, claims=claims)


def _limits(settings: AccessSettings, *, development: bool) -> Limits:
    callers = _buckets(settings.rate_per_second, 0 if development else PER_SECOND, settings.rate_burst)
    guesses = _buckets(settings.guesses_per_second, 0 if development else GUESSES_PER_SECOND, settings.guesses_burst)
    return Limits(callers, guesses, networks(settings.trusted_proxies))


def _buckets(given: float | None, usual: float, burst: int) -> Buckets | None:
    per_second = usual if given is None else given
    return Buckets(Rate(per_second=per_second, burst=burst)) if per_second else None


def _weak(pepper: str) -> bool:
    return len(pepper) < SHORTEST_PEPPER or pepper.startswith("dev-") or monotonous(pepper)


def monotonous(secret: str) -> bool:
    """Whether it has so few different characters that nobody can have drawn it at random."""
    return len(set(secret)) < FEWEST_CHARACTERS


def _parts(listed: str) -> list[str]:
    return [part.strip() for part in listed.split(",") if part.strip()]


def _of(listed: str, known: frozenset[str], *, may_be_empty: bool = False) -> str:
    """`listed` if it names only what is known. Raises ValueError."""
    parts = set(_parts(listed))
    if not parts <= known or not (parts or may_be_empty):
        raise ValueError(f"should name some of {', '.join(sorted(known))}, with commas between")
    return listed
