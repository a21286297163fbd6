"""What a wish about a season is refused with."""

from datetime import datetime, timedelta

from services.routing.domain.seasons.rules import SeasonRules
from services.routing.domain.seasons.state import Kept
from shared.ledger.messages import Refusal
from shared.schemas.model import Text

UNKNOWN_SEASON = Refusal(
    code="unknown_season",
    status=404,
    message=Text(zh="没有这个旺季；请用 GET /v1/seasons 查看编号。", en="There is no such season; GET /v1/seasons names them."),
)
SEASON_OVER = Refusal(
    code="season_over",
    message=Text(
        zh="这个旺季已经结束或撤销，不能再改；请另行声明。",
        en="This season is over, or was withdrawn, and cannot be changed; declare another.",
    ),
)
SEASON_BEGAN = Refusal(
    code="season_began",
    message=Text(
        zh="这个旺季已经开始，起始时间（from）不能再改，也不能撤销；需要时请提前结束（end）。",
        en="This season has begun: its from can no longer be changed, nor can it be withdrawn; end it where need be.",
    ),
)
SEASON_NOT_BEGUN = Refusal(
    code="season_not_begun",
    message=Text(
        zh="这个旺季尚未开始，不能提前结束；请撤销（withdraw）。",
        en="This season has not begun and cannot be ended; withdraw it.",
    ),
)
NOT_SEASONAL = Refusal(
    code="not_seasonal",
    status=403,
    message=Text(
        zh="只有公司领导、公司市场部（任何单位）或本经营单位领导、售前经理（本单位）可以声明或改动旺季；请联系他们。",
        en="Seasons are declared by company leaders and corporate marketing (of any unit), or a unit's leaders and pre-sales "
        "managers (of their own); ask one of them.",
    ),
)
ENDS_BEFORE_START = Refusal(
    code="ends_before_start",
    status=422,
    message=Text(zh="截止时间（to）须晚于起始时间（from）与现在。", en="Give a to that is after from, and lies ahead."),
)
NO_SUCH_UNIT = Refusal(
    code="no_such_unit",
    status=422,
    message=Text(
        zh="人员目录中没有这个经营单位（business_unit）；不填则为全部单位。",
        en="The directory has no such unit (business_unit); without one the season is everybody's.",
    ),
)


def bad_moment(field: str) -> Refusal:
    """Neither a moment with an offset nor a date."""
    return Refusal(
        code="bad_moment",
        status=422,
        message=Text(
            zh=f"{field} 须为带时区的时间（2027-03-01T09:00:00+08:00）或日期（2027-03-01）。",
            en=f"Give {field} as a moment with an offset (2027-03-01T09:00:00+08:00) or as a date (2027-03-01).",
        ),
    )


def in_the_past(rules: SeasonRules) -> Refusal:
    """It would have begun before it was declared."""
    minutes = rules.past_minutes
    return Refusal(
        code="in_the_past",
        status=422,
        message=Text(
            zh=f"起始时间（from）最多可早于现在 {minutes} 分钟。", en=f"Give a from that is at most {minutes} minutes ago."
        ),
    )


def too_far(rules: SeasonRules) -> Refusal:
    """Nobody knows what will be then."""
    return Refusal(
        code="too_far_ahead",
        status=422,
        message=Text(zh=f"起始时间（from）须在 {rules.ahead_days} 天之内。", en=f"Give a from within {rules.ahead_days} days."),
    )


def too_long(wanted: timedelta, rules: SeasonRules) -> Refusal:
    """What lasts longer is no season."""
    days = -(-wanted // timedelta(days=1))
    return Refusal(
        code="season_too_long",
        status=422,
        message=Text(
            zh=f"旺季最长 {rules.longest_days} 天，所填为 {days} 天；请缩短（from、to）。",
            en=f"A season lasts at most {rules.longest_days} days, and this would be {days}; bring from and to closer together.",
        ),
    )


def overlapping(other: Kept) -> Refusal:
    """Two seasons of a unit at once; names the other."""
    unit = other.business_unit
    starts, ends = _written(other.starts), _written(other.ends)
    return Refusal(
        code="season_overlaps",
        message=Text(
            zh=f"与旺季“{other.name}”（{other.id}，{unit or '全部单位'}，{starts} 至 {ends}）重叠；请改动那一个，或另选时间。",
            en=f"This overlaps with season “{other.name}” ({other.id}, {unit or 'all units'}, {starts} to {ends}); "
            "change that one, or choose another time.",
        ),
    )


def too_many(rules: SeasonRules) -> Refusal:
    """More than anybody plans ahead."""
    return Refusal(
        code="too_many_seasons",
        message=Text(
            zh=f"同一单位（或全部单位）最多同时有 {rules.most_open} 个未结束的旺季；请先撤销（withdraw）或结束（end）一个。",
            en=f"A unit, or all of them, has at most {rules.most_open} seasons that are not over; withdraw or end one first.",
        ),
    )


def bad_figure(field: str, least: float, most: float) -> Refusal:
    """A figure that the policy does not allow."""
    return Refusal(
        code="bad_figure",
        status=422,
        message=Text(
            zh=f"figures.{field} 须在 {least:g} 与 {most:g} 之间。", en=f"Give figures.{field} between {least:g} and {most:g}."
        ),
    )


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")
