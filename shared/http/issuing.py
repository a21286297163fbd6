"""What is known of a token issuer without being one's own: its algorithms, what its claims mean here, whom a token stands for.

Most processes have no issuer: `oidc` and `jwks`, with the libraries that check signatures (8 MB where nothing else loads them), are
loaded by who has one.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

KINDS = {("RSA", None): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}
"""Key type and curve → the one algorithm that such a key proves here."""
ALGORITHMS = frozenset(KINDS.values())


class IssuerAwayError(Exception):
    """The issuer's keys are not known, and it cannot be asked."""


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What of a token means what here. `person_scopes` are those of a person whose token names none of our scopes; one that names
    some is narrowed to them.
    """

    unit: str = "business_unit"
    person: str = "employee_id"
    scope: str = "scope"
    scope_prefix: str = ""
    person_scopes: frozenset[str] = frozenset()
    needs_nbf: bool = True


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Whom a token stands for: the code of a unit (and the client that asks for it), or the id of a person."""

    kind: Literal["unit", "person"]
    id: str
    client: str
    scopes: frozenset[str]


class Issues(Protocol):
    """An issuer, as far as the authenticator needs it."""

    async def identity(self, token: str) -> Identity | None:
        """Whom `token` stands for, or None when it is not one of this issuer's for us, now. Raises IssuerAwayError."""
        ...
