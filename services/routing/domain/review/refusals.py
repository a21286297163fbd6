"""What a command about a review is refused with: a stable code and one sentence per language, with what to do."""

from collections.abc import Sequence

from shared.ledger.messages import Refusal
from shared.schemas.model import Text
from shared.schemas.reviews import Party

MOST_RETURNS = 20
"""To a step, in one round of a review."""

NO_REVIEW = Refusal(
    code="no_review",
    message=Text(
        zh="这类申请没有评审；请用 complete 交付。", en="Requests of this type are not reviewed; deliver the work with complete."
    ),
)
BY_OPINION = Refusal(
    code="by_opinion",
    message=Text(
        zh="评审由各方意见完成；请用 opine 提出意见。",
        en="A review is completed by the opinions of those who are asked; give yours with opine.",
    ),
)
OWN_REQUEST = Refusal(
    code="own_request",
    status=403,
    message=Text(
        zh="不能评审自己的申请，也不能代他人评审；请协调人将该席位移交（transfer）他人。",
        en="Nobody has a say in the review of their own request, also not for others; the coordinator may transfer the seat.",
    ),
)
NOT_REVIEWER = Refusal(
    code="not_reviewer",
    status=403,
    message=Text(
        zh="您不在评审链中；评审人可用 ask-also 加请您。",
        en="You are not in the chain of this review; a reviewer may ask you too (ask-also).",
    ),
)
OPINED_ALREADY = Refusal(
    code="opined_already",
    message=Text(
        zh="该席位的意见已记录；如需重新评审，请退回某一步（return-to-step）。",
        en="The opinion of this seat is given; return the review to a step (return-to-step) to have it asked for again.",
    ),
)
OTHER_VERSION = Refusal(
    code="other_version",
    message=Text(
        zh="申请内容已变更；请查看现在的版本（version）后再提出意见。",
        en="The request reads otherwise by now; look at its present version (version) and give your opinion on that.",
    ),
)
NO_VERSION = Refusal(
    code="no_version",
    status=422,
    message=Text(
        zh="请说明意见所针对的版本（version，见 assignment）。",
        en="Say which version of the request your opinion is on (version, as the assignment shows it).",
    ),
)
BAD_OPINION = Refusal(
    code="bad_opinion",
    status=422,
    message=Text(
        zh="意见（opinion）为 approve、approve_with_changes 或 reject。",
        en="An opinion (opinion) is approve, approve_with_changes or reject.",
    ),
)
NO_CONDITIONS = Refusal(
    code="no_conditions",
    status=422,
    message=Text(
        zh="附条件同意须列出条件（conditions），其他意见不带条件。",
        en="An approval with changes lists its conditions (conditions); no other opinion has any.",
    ),
)
NO_STEP = Refusal(
    code="no_step",
    status=422,
    message=Text(
        zh="只能退回已开始的某一步（step，见评审的 steps）。",
        en="Return to a step (step, of those the review shows) that has opinions already.",
    ),
)
NO_PARTY = Refusal(
    code="no_party",
    status=422,
    message=Text(
        zh="评审链中没有这一方，或其意见已记录；请指明（beside）尚未提出意见的一方。",
        en="That party is not in the chain, or has given its opinion; name one (beside) that has not.",
    ),
)
ASKED_ALREADY = Refusal(
    code="asked_already",
    status=422,
    message=Text(
        zh="评审链中已有这个岗位和部门；请移交（transfer）该席位，或另选一位。",
        en="Somebody of this role and department is in the chain already; transfer that seat, or name somebody else.",
    ),
)
OPINED_FOR_ANOTHER = Refusal(
    code="opined_for_another",
    message=Text(
        zh="您已为本次评审的另一方提出意见，一人只能提出一份；请协调人将该席位移交（transfer）他人，或等待其本人。",
        en="You have given the opinion of another party of this review, and nobody gives two; the coordinator may transfer this part "
        "(transfer), or its holder gives the opinion.",
    ),
)
TOO_MANY_RETURNS = Refusal(
    code="too_many_returns",
    message=Text(
        zh=f"本轮评审已退回 {MOST_RETURNS} 次，不能再退回；请提出意见，或以不同意（reject）结束，由申请人更正后重新打开（reopen）。",
        en=f"The review was returned {MOST_RETURNS} times, as often as it may be; give your opinion, or reject, so that the requester "
        "mends the request and reopens it.",
    ),
)
BY_TRANSFER = Refusal(
    code="by_transfer",
    message=Text(
        zh="评审的席位请用 transfer 移交；已提出意见的席位不能移交。",
        en="A reviewer's seat is given to a colleague with transfer, as long as it has given no opinion.",
    ),
)


def not_your_turn(turn: Sequence[Party]) -> Refusal:
    """Others are asked first; names them."""
    zh, en = ("、".join(party.name.zh for party in turn), ", ".join(party.name.en for party in turn))
    return Refusal(
        code="not_your_turn",
        message=Text(zh=f"还没有轮到您：现在由{zh}提出意见。", en=f"It is not your turn: {en} is asked now."),
    )


def not_open(why: Text | None) -> Refusal:
    """No opinions are asked for yet; says why."""
    said = why or Text(zh="评审尚未开始。", en="The review has not begun.")
    return Refusal(
        code="review_waits",
        message=Text(zh=f"{said.zh}届时再提出意见。", en=f"{said.en} Give your opinion then."),
    )
