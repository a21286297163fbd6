"""What a directory lacks so that work would wait without end: units in which nobody may coordinate, or nobody leads. Pure."""

from collections import defaultdict

from shared.catalogue.pack import Pack
from shared.schemas.model import Text
from shared.schemas.people import Directory

LEADER = "bu_leader"


def gaps(directory: Directory, pack: Pack) -> tuple[Text, ...]:
    """One sentence for each unit and role, in the order of the units' codes: whom the unit lacks, what that means, and what to do.

    A role of the shared pool serves every unit. Nothing of it is wrong: a unit may be filled by the next import.
    """
    held = {(person.business_unit, role) for person in directory.people.values() if person.active for role in person.roles}
    found: list[Text] = []
    for unit in sorted(directory.units):
        for role, kinds in sorted(_coordinating(unit, pack).items()):
            if not held & {(unit, role), (pack.pool, role)}:
                found.append(_nobody_coordinates(unit, role, kinds, pack))
        if (unit, LEADER) not in held and unit != pack.pool:
            found.append(_nobody_leads(unit, pack))
    return tuple(found)


def _coordinating(unit: str, pack: Pack) -> dict[str, list[str]]:
    """The types by the role that coordinates them in `unit`."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for key, kind in pack.types.items():
        role = pack.pool_coordinator.get(kind.coordinator, kind.coordinator) if unit == pack.pool else kind.coordinator
        kinds[role].append(key)
    return kinds


def _nobody_coordinates(unit: str, role: str, kinds: list[str], pack: Pack) -> Text:
    zh_kinds = "、".join(pack.types[key].label.zh for key in kinds)
    en_kinds = ", ".join(pack.types[key].label.en for key in kinds)
    return Text(
        zh=f"经营单位 {unit} 没有{pack.role_name(role, 'zh')}：{zh_kinds}将无人协调、一直等待；请导入担任该岗位的人员。",
        en=f"Unit {unit} has no {pack.role_name(role, 'en')}: nobody coordinates its requests of {en_kinds}, which wait; "
        "import somebody in that role.",
    )


def _nobody_leads(unit: str, pack: Pack) -> Text:
    return Text(
        zh=f"经营单位 {unit} 没有{pack.role_name(LEADER, 'zh')}：超时升级无人接收；请导入担任该岗位的人员。",
        en=f"Unit {unit} has no {pack.role_name(LEADER, 'en')}: nobody hears of what escalates; import somebody in that role.",
    )
