"""What judging knows: the shipped policy, the company, a survey done before."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.catalogue import EarlierRequest, Judgement, JudgingContext, judge
from shared.schemas.model import Json
from shared.schemas.people import Directory
from shared.schemas.requests import request_id
from tests.builders.bodies import SURVEY_BEFORE
from tests.builders.people import a_directory, the_pack

NOW = datetime.fromisoformat("2027-03-01T09:00:00+08:00")


def a_completed_survey(**changes: Any) -> EarlierRequest:
    """What became of the survey that `surveyed` points at."""
    return EarlierRequest(**({"type": "tech.survey", "opportunity_id": "O-5", "status": "completed"} | changes))


def a_context(
    *,
    now: datetime = NOW,
    directory: Directory | None = None,
    earlier: Mapping[tuple[str, str, str], EarlierRequest] | None = None,
) -> JudgingContext:
    """What judging knows: the small company, and one completed survey."""
    known = {SURVEY_BEFORE: a_completed_survey()} if earlier is None else earlier
    return JudgingContext(now=now, directory=directory or a_directory(), earlier=known)


def judged(body: Json, **context: Any) -> Judgement:
    """The shipped policy's judgement on `body`."""
    return judge(the_pack(), body, a_context(**context))


def id_of(body: Json) -> str:
    """The request id that `body` names."""
    return request_id(body["business_unit"], body["source"]["system"], body["source"]["reference"])
