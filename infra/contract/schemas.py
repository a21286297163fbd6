"""Every file of the contract, made from the models: a JSON Schema (2020-12) per event type and shared shape, and AsyncAPI."""

from pydantic import BaseModel

from infra.contract.asyncapi import document
from shared.schemas.callbacks import Callback, CallbackPayload, Ping
from shared.schemas.envelope import Event, dataschema
from shared.schemas.model import Json
from shared.schemas.people import BusinessUnit, Person
from shared.schemas.registry import MODELS
from shared.schemas.requests import Answer, Request

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ASYNCAPI = "asyncapi.json"
SHARED: dict[str, type[BaseModel]] = {
    "backline.envelope": Event,
    "backline.request": Request,
    "backline.verdict": Answer,
    "backline.person": Person,
    "backline.unit": BusinessUnit,
    "backline.callback": Callback,
    "backline.callback.payload": CallbackPayload,
    "backline.callback.ping": Ping,
}


def contract() -> dict[str, Json]:
    """File name → content, as the models stand now."""
    schemas = {file_of(name): _schema(name, model) for name, model in sorted({**MODELS, **SHARED}.items())}
    return {**schemas, ASYNCAPI: document()}


def file_of(name: str) -> str:
    """The file that holds the schema of `name`, an event type or shared shape."""
    return f"{name}.v1.json"


def _schema(name: str, model: type[BaseModel]) -> Json:
    return {"$schema": DIALECT, "$id": dataschema(name), **model.model_json_schema(mode="validation")}
