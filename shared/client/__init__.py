"""Backline for programs: a typed client of the services' HTTP interfaces, blocking and async, held against their OpenAPI documents."""

from shared.client.batches import Fed
from shared.client.client import AsyncClient, Client
from shared.client.problems import (
    ApiProblem,
    Busy,
    Conflict,
    Forbidden,
    NotAnswered,
    NotFound,
    ServerFault,
    Unauthorised,
    WronglyAsked,
)

__all__ = [
    "ApiProblem",
    "AsyncClient",
    "Busy",
    "Client",
    "Conflict",
    "Fed",
    "Forbidden",
    "NotAnswered",
    "NotFound",
    "ServerFault",
    "Unauthorised",
    "WronglyAsked",
]
