"""A seeded selection of what schemathesis makes of the four documents, against the services as they are wired."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.schemas.envelope import SOURCES
from tests.fuzz.driving import Stack, tried
from tests.fuzz.scene import scene
from tests.fuzz.services import services

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
EXAMPLES = 4
SEED = 2027


@pytest.fixture(scope="module")
def stack(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with services(mongo_uri, tmp_path_factory.mktemp("services")) as running:
        yield scene(running)


@pytest.mark.parametrize("service", SOURCES)
def test_no_server_error_and_every_answer_is_what_the_document_says(stack: Stack, service: str) -> None:
    result = tried(stack, service, examples=EXAMPLES, number=SEED)
    assert result.calls.total() > 2 * len(result.calls) > 0
    assert result.server_errors == 0
    assert not result.failures, "\n".join(f"{where}: {told}" for where, told in result.failures.items())


def test_an_answer_that_the_document_does_not_describe_is_noticed(stack: Stack) -> None:
    """The control: a document that promises more than is answered."""

    def promising(document: dict[str, Any]) -> None:
        document["components"]["schemas"]["Catalogue"]["required"].append("more")

    result = tried(stack, "intake", examples=1, number=SEED, only=["GET /v1/catalogue"], change=promising)
    assert {where for where, _ in result.failures} == {"GET /v1/catalogue"}
