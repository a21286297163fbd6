"""What intake knows of a request and how it judges what units say about it. Pure."""

from services.intake.domain.decisions import RequestDomain
from services.intake.domain.people import PeopleContext, PeopleDomain, PersonState
from services.intake.domain.state import Context, Moment, State

__all__ = ["Context", "Moment", "PeopleContext", "PeopleDomain", "PersonState", "RequestDomain", "State"]
