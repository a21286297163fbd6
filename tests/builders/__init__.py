"""Builders the tests share. Every builder returns a new value, so that a test may change what it got."""

from tests.builders.appointments import window
from tests.builders.bodies import (
    BUDGET,
    DRAFT,
    SURVEY_BEFORE,
    TYPES,
    a_body,
    a_draft_attachment,
    attested,
    surveyed,
    with_details,
    with_draft,
    without,
)
from tests.builders.events import a_document, events_of
from tests.builders.judging import NOW, a_completed_survey, a_context, id_of, judged
from tests.builders.people import ASKER, a_directory, a_person, on_leave, the_pack

__all__ = [
    "ASKER",
    "BUDGET",
    "DRAFT",
    "NOW",
    "SURVEY_BEFORE",
    "TYPES",
    "a_body",
    "a_completed_survey",
    "a_context",
    "a_directory",
    "a_document",
    "a_draft_attachment",
    "a_person",
    "attested",
    "events_of",
    "id_of",
    "judged",
    "on_leave",
    "surveyed",
    "the_pack",
    "window",
    "with_details",
    "with_draft",
    "without",
]
