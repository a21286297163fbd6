"""One service tried by its own OpenAPI document: data that fit it and data that do not, and each answer held against it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.core.failures import AcceptedNegativeData, Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation

from infra.stack import SERVICE_TOKEN

SECONDS = 30
Change = Callable[[dict[str, Any]], None]
UNTRIED = frozenset({"PUT /v1/attachments/{sha256}"})
"""Not told apart by a document: nothing but the digest in its address says whether content is right."""


@dataclass
class Tried:
    """What came of one service: calls by operation and status, and each kind of failure with one example."""

    service: str
    calls: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)

    def took(self, operation: str, status: int) -> None:
        self.calls[operation] += 1
        self.statuses[status] += 1

    def failed(self, operation: str, failure: BaseException, told: str) -> None:
        self.failures.setdefault((operation, type(failure).__name__), told)

    @property
    def server_errors(self) -> int:
        return sum(number for status, number in self.statuses.items() if status >= 500)


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Where the services are, by name, and what is known to be there: values for parameters by their names."""

    urls: Mapping[str, str]
    known: Mapping[str, Sequence[str]] = field(default_factory=dict)
    token: str = SERVICE_TOKEN


def document_of(stack: Stack, service: str, change: Change | None = None) -> dict[str, Any]:
    """The service's document; a submission's body is any of the catalogue's forms, so that some go deeper than the frame."""
    with httpx.Client(timeout=SECONDS, headers={"Authorization": f"Bearer {stack.token}"}, trust_env=False) as client:
        document: dict[str, Any] = client.get(f"{stack.urls[service]}/openapi.json").json()
        if service == "intake":
            types = [line["type"] for line in client.get(f"{stack.urls[service]}/v1/catalogue").json()["types"]]
            forms = [client.get(f"{stack.urls[service]}/v1/catalogue/{kind}").json() for kind in types[:4]]
            content = document["paths"]["/v1/requests"]["post"]["requestBody"]["content"]["application/json"]
            content["schema"] = {
                "anyOf": [{"type": "object"}, *({k: v for k, v in form.items() if k[0] != "$"} for form in forms)]
            }
    if change is not None:
        change(document)
    return document


TOO_LARGE = frozenset({413, 414, 431})
"""Refusals that the tool does not count among those of what fits no schema."""


def tried(
    stack: Stack, service: str, *, examples: int, number: int, only: Sequence[str] = (), change: Change | None = None
) -> Tried:
    """Every operation of `service` with `examples` that fit and as many that do not; `number` seeds them.

    `change` is made to the document first.
    """
    result = Tried(service)
    schema = schemathesis.openapi.from_dict(document_of(stack, service, change))
    with requests.Session() as session:
        session.trust_env = False
        for found in schema.get_all_operations():
            assert isinstance(found, Ok), f"the document of {service} cannot be read: {found}"
            operation = found.ok()
            if operation.label not in UNTRIED and (not only or operation.label in only):
                for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                    _try(stack, result, operation, mode, session, examples, number)
    return result


def _try(
    stack: Stack,
    result: Tried,
    operation: APIOperation[Any, Any, Any, Any],
    mode: GenerationMode,
    session: requests.Session,
    examples: int,
    number: int,
) -> None:
    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Any) -> None:
        if mode is GenerationMode.POSITIVE:
            _point_at_what_is_there(case, stack.known, result.calls.total())
        headers = {"Authorization": f"Bearer {stack.token}"}
        response = case.call(base_url=stack.urls[result.service], session=session, headers=headers, timeout=SECONDS)
        result.took(operation.label, response.status_code)
        try:
            case.validate_response(response, headers=headers, excluded_checks=_left_out())
        except FailureGroup as group:
            for failure in group.exceptions:
                if isinstance(failure, AcceptedNegativeData) and (response.status_code in TOO_LARGE or _looks_right(case)):
                    continue
                result.failed(operation.label, failure, _told(case, response, failure))

    try:
        one()
    except Unsatisfiable:
        return  # nothing can be wrong about an operation without parameters


def _left_out() -> list[Any]:
    """Checks that ask again without a token, on each call: who may ask is tried elsewhere (tests/component/http)."""
    from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

    return [ignored_auth, positive_data_acceptance]


def _looks_right(case: Any) -> bool:
    """Whether what is wrong may not have been sent: a list of one value goes into a query as that value."""
    return any(isinstance(value, list) and len(value) <= 1 for value in (case.query or {}).values())


def _point_at_what_is_there(case: Any, known: Mapping[str, Sequence[str]], turn: int) -> None:
    """Every second time what the address names is there."""
    for name in case.path_parameters or {}:
        if name in known and turn % 2:
            case.path_parameters[name] = known[name][turn % len(known[name])]


def _told(case: Any, response: Any, failure: Failure | BaseException) -> str:
    sent = case.as_curl_command(headers={"Authorization": "Bearer …"})
    return f"{failure}\n    sent: {sent[:600]}\n    answered: {response.status_code} {response.text[:400]}"
