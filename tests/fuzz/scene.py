"""What a stack holds before it is tried: the sample's people and one request, so that addresses lead somewhere."""

import dataclasses
import json
from pathlib import Path

import httpx

from tests.fuzz.driving import SECONDS, Stack

SAMPLE = Path(__file__).resolve().parents[2] / "infra" / "demo" / "sample"


def scene(stack: Stack) -> Stack:
    """`stack` with its people and one request, and what is known of it."""
    intake = stack.urls["intake"]
    with httpx.Client(timeout=SECONDS, trust_env=False) as client:
        own = {"Authorization": f"Bearer {stack.token}"}
        directory = (SAMPLE / "directory.yaml").read_bytes()
        client.post(f"{intake}/v1/people:import", content=directory, headers=own).raise_for_status()
        body = json.loads((SAMPLE / "survey.json").read_bytes())
        unit = {"Authorization": f"Bearer dev-unit-{body['business_unit']}"}
        answer = client.post(f"{intake}/v1/requests", json=body, headers=unit).raise_for_status().json()
    return dataclasses.replace(stack, known={"request_id": (answer["id"],), "type_key": (body["type"],)})
