"""Says a choice in one sentence per language, from the same numbers that its record holds. Pure."""

from collections.abc import Sequence

from services.routing.domain.context import Context
from services.routing.domain.eligibility import Eligible, Question
from shared.catalogue import Pack
from shared.schemas.choices import Candidate, Together, Way
from shared.schemas.model import Text
from shared.schemas.seasons import Season

REASONS = {
    "inactive": Text(zh="已离职", en="have left"),
    "role": Text(zh="不在该岗位", en="do not hold the role"),
    "department": Text(zh="不在该部门", en="are of another department"),
    "unit_or_pool": Text(zh="不属于该经营单位或共享池", en="belong to another unit"),
    "on_leave": Text(zh="休假且无人代理", en="are away with nobody standing in"),
    "declined_or_seated": Text(zh="已谢绝或已在本申请中", en="declined or have another part in it"),
    "requester": Text(zh="是申请人本人，或由申请人代理", en="asked for it, or have the requester standing in"),
    "skill": Text(zh="没有所需技能", en="lack the skill"),
    "level": Text(zh="技能级别不足", en="have the skill at too low a level"),
    "region": Text(zh="不覆盖该区域", en="do not cover the region"),
    "full": Text(zh="在办已满", en="are full"),
    "booked": Text(zh="该时段（含路程）已有安排", en="have an appointment at that time or are on the way to one"),
    "leave_then": Text(zh="约定时段休假，或期限前不再上班", en="are on leave at that time, or until it is needed"),
    "represented": Text(zh="由已列候选人代理", en="are represented by a candidate already listed"),
    "pool_not_needed": Text(zh="属共享池，本单位已有人选", en="are of the shared pool, which the unit does not need"),
    "ranked_lower": Text(zh="排名靠后", en="rank lower"),
}


def explain(question: Question, pack: Pack, found: Eligible, candidates: Sequence[Candidate], context: Context) -> Text:
    """Who was chosen and why, or why nobody fits, with the number of people under each reason."""
    zh_role, en_role = pack.role_name(question.role, "zh"), pack.role_name(question.role, "en")
    if not candidates:
        counts = found.excluded
        zh_out = "、".join(f"{counts[key]} 人{text.zh}" for key, text in REASONS.items() if counts[key])
        en_out = ", ".join(f"{counts[key]} {text.en}" for key, text in REASONS.items() if counts[key])
        return Text(
            zh=f"没有合适的{zh_role}：{zh_out or '目录为空'}。",
            en=f"Nobody fits as {en_role}: {en_out or 'the directory is empty'}.",
        )
    best, number = candidates[0], len(found.fits)
    load = context.load(best.person).count
    zh = f"{zh_role}共 {number} 位候选，{best.person} 得分最高（{best.total:g}），在办 {load} 件。"
    en = (
        f"Of {number} candidate{'s' * (number > 1)} as {en_role}, {best.person} scores highest ({best.total:g}) with {load} open."
    )
    for sentence in _origins(question, pack, found, best, context):
        zh, en = zh + sentence.zh, f"{en} {sentence.en}"
    return Text(zh=zh, en=en)


def _origins(question: Question, pack: Pack, found: Eligible, best: Candidate, context: Context) -> Sequence[Text]:
    """Why it is somebody whom one would not expect."""
    said: list[Text] = []
    if best.stands_in_for:
        said.append(Text(zh=f"代 {best.stands_in_for}（休假）。", en=f"Stands in for {best.stands_in_for}, who is away."))
    if found.pool and question.request.business_unit != pack.pool:
        said.append(POOL)
    if found.own:
        said.append(OWN)
    if found.borrowed:
        said.append(_borrowed(best, context))
    if season := context.season(question.request.business_unit):
        said.append(_season(season, best))
    return said


def _borrowed(best: Candidate, context: Context) -> Text:
    """Where somebody of another unit comes from."""
    person = context.directory.people.get(best.person)
    unit = context.directory.units.get(person.business_unit) if person else None
    zh, en = (unit.name.zh, unit.name.en) if unit else ("其他单位", "another unit")
    return Text(zh=f"本单位与共享池均已满，由{zh}借调。", en=f"Everybody in the unit and the pool is full, so {en} lends them.")


def _season(season: Season, best: Candidate) -> Text:
    """That a season's figures counted, and what they made of the person's places."""
    seats, cap = best.inputs.get("seats"), best.inputs.get("cap")
    more = seats and cap and seats != cap
    zh = f"，在办上限 {seats:g} → {cap:g}" if more else ""
    en = f": {cap:g} places instead of {seats:g}" if more else ""
    return Text(zh=f"按旺季“{season.name}”的数值{zh}。", en=f"The figures of season “{season.name}” counted{en}.")


def explain_shared(
    question: Question, pack: Pack, found: Eligible, candidates: Sequence[Candidate], suits_best: str, context: Context
) -> Text:
    """As `explain`, of a seat that was filled together with others: who would have suited best is needed elsewhere."""
    zh_role, en_role = pack.role_name(question.role, "zh"), pack.role_name(question.role, "en")
    best, number = candidates[0], len(found.fits)
    load = context.load(best.person).count
    zh = f"{zh_role}共 {number} 位候选，{best.person} 在整批申请的最优分配中得到本件（扣除占用价后 {best.total:g}），分配前在办 {load} 件。"
    en = (
        f"Of {number} candidate{'s' * (number > 1)} as {en_role}, {best.person} has this in the best choice for the whole batch "
        f"({best.total:g} after the price of their time), with {load} open before it."
    )
    sentences = [
        Text(
            zh=f"单看得分 {suits_best} 最合适，但同批的其他申请更需要此人。",
            en=f"By score alone {suits_best} suited best, but was needed more for another request of the same batch.",
        )
    ]
    for sentence in [*(sentences if suits_best != best.person else ()), *_origins(question, pack, found, best, context)]:
        zh, en = zh + sentence.zh, f"{en} {sentence.en}"
    return Text(zh=zh, en=en)


def explain_burst(found: Together) -> Text:
    """What came of assigning a batch together, beside one by one, and by how much the way that was kept is the better."""
    joint, single = _way(found.together), _way(found.one_by_one)
    kept = Text(zh="一起分配", en="together") if found.kept == "together" else Text(zh="逐件分配", en="one by one")
    more = Text(zh=f"，总分多 {found.gain:g}", en=f", which scores {found.gain:g} more") if found.gain > 0 else Text(zh="", en="")
    return Text(
        zh=f"本批 {found.requests} 件：一起分配 {joint.zh}；逐件分配 {single.zh}。采用{kept.zh}{more.zh}。",
        en=f"The batch's {found.requests} requests assigned together: {joint.en}; one by one: {single.en}. "
        f"They were assigned {kept.en}{more.en}.",
    )


def _way(way: Way) -> Text:
    return Text(
        zh=f"{way.assigned} 件有人、总分 {way.score:g}、超出上限 {way.overload} 处、负荷基尼系数 {way.spread:g}",
        en=f"{way.assigned} have people, total score {way.score:g}, {way.overload} places over the cap, "
        f"Gini coefficient of the load {way.spread:g}",
    )


POOL = Text(zh="本单位无合适人选，由共享池承担。", en="Nobody in the unit fits, so the shared pool takes it.")
OWN = Text(zh="由申请人本人承担，因为没有其他人可以。", en="The requester takes it, since nobody else can.")
