"""Drives requests to their end and reads every document that was made of them."""

import io
import re
from collections.abc import Iterator

import docx
import pypdf

from tests.hostile.aftermath import LEAKED
from tests.hostile.ground import SERVICE, Ground
from tests.hostile.strings import PROOF


async def finished(ground: Ground, requests: list[str]) -> None:
    """Everybody who is assigned accepts and completes, with a result that is a template too."""
    for request in requests:
        document = ground.collection("intake", "requests").find_one({"_id": request}, {"state.request": 1})
        about = document["state"]["request"]
        await ground.front.complete({"business_unit": about["business_unit"], **about["source"]})


async def texts(ground: Ground, request: str) -> list[tuple[str, str]]:
    """(file name, text) of every document of a request, internal sheets included."""
    base = ground.stack.url("documents")
    listed = (await ground.client.get(f"{base}/v1/requests/{request}/documents", headers=SERVICE)).json()
    found = []
    for made in listed.get("documents", ()):
        for address in filter(None, (made["address"], made["sheet_address"])):
            answer = await ground.client.get(f"{base}{address}", headers=SERVICE)
            answer.raise_for_status()
            assert "\n" not in answer.headers["content-disposition"], "a header of a download has two lines"
            found.append((made["name"], text_of(answer.content)))
    return found


def text_of(data: bytes) -> str:
    """What a reader finds in a PDF or a DOCX."""
    if data[:4] == b"%PDF":
        return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)
    word = docx.Document(io.BytesIO(data))
    return "\n".join("".join(node.itertext()) for node in word.element.body.iter() if node.tag.endswith("}p"))


def faults(name: str, text: str, wanted: str = "") -> Iterator[str]:
    """What is wrong with the text of a document: something was evaluated or read, or `wanted` does not stand in it."""
    yield from (f"{marker!r} stands in the document {name}" for marker in (PROOF, *LEAKED) if marker in text)
    if wanted and re.sub(r"\s", "", wanted) not in re.sub(r"\s", "", text):
        yield f"{wanted!r} does not stand in the document {name}"
