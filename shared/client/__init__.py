"""Backline for programs: one typed client of the services' HTTP interfaces, held against their OpenAPI documents by a test."""

from shared.client.client import Client
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
    "Busy",
    "Client",
    "Conflict",
    "Forbidden",
    "NotAnswered",
    "NotFound",
    "ServerFault",
    "Unauthorised",
    "WronglyAsked",
]
