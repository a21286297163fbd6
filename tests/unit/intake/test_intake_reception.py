"""What units are answered when their message could not be applied: whose fault it is decides what they are asked to do."""

import pytest

from services.intake.reception import answer_to
from shared.ledger.messages import Outcome
from shared.schemas.requests import Answer


def answered(problem: str, *, unstorable: bool) -> dict[str, object]:
    answer: Answer = answer_to("submit", Outcome(subject="R", state=None, problem=problem, unstorable=unstorable))
    assert answer.problem is not None
    return answer.problem


@pytest.mark.parametrize(
    "problem", ["the document would have 15800000 bytes; at most 15728640 are kept", "10334: object to insert too large"]
)
def test_what_cannot_be_stored_is_to_be_corrected(problem: str):
    told = answered(problem, unstorable=True)
    assert (told["code"], told["status"]) == ("unprocessable", 422)


@pytest.mark.parametrize("problem", ["its state cannot be read: ValidationError", "KeyError: 'sales-support'"])
def test_for_a_fault_of_ours_the_same_is_to_be_sent_again(problem: str):
    told = answered(problem, unstorable=False)
    assert (told["code"], told["status"]) == ("not_now", 503)
