"""By which names people call the parts of a request, in both languages, and where each part stands in it. Pure."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shared.catalogue.frame import SHAPED
from shared.catalogue.pack import Field, Pack, RequestType

BRACKETED = re.compile(r"[（(【\[][^（()）】\]]*[)）】\]]")
TEXT = Field(zh="文字", en="Text", type="text")
INTEGER = Field(zh="整数", en="Integer", type="integer")
TYPE_NAMES = ("支持类型", "申请类型", "申请事项", "类型", "Type", "Request type")
FRAME: tuple[tuple[tuple[str, ...], Field, tuple[str, ...]], ...] = (
    (("type",), TEXT, TYPE_NAMES),
    (("source", "reference"), TEXT, ("单据编号", "来源单号", "申请单号", "Reference", "Source reference")),
    (("source", "system"), TEXT, ("来源系统", "Source system")),
    (("business_unit",), TEXT, ("经营单位", "所属单位", "申请部门", "Business unit")),
    (("requester", "id"), TEXT, ("申请人工号", "工号", "Employee id")),
    (("requester", "name"), TEXT, ("申请人", "提出人", "Requester")),
    (("requester", "role"), TEXT, ("申请岗位", "岗位", "Post")),
    (("opportunity", "id"), TEXT, ("商机编号", "机会编号", "Opportunity id", "Opportunity no")),
    (("opportunity", "name"), TEXT, ("商机名称", "项目名称", "机会名称", "Opportunity", "Opportunity name")),
    (("opportunity", "customer", "id"), TEXT, ("客户编号", "Customer id")),
    (("opportunity", "customer", "name"), TEXT, ("客户名称", "客户单位", "Customer", "Customer name")),
    (("opportunity", "customer", "industry"), TEXT, ("行业", "Industry")),
    (("opportunity", "customer", "region"), TEXT, ("区域", "Region")),
    (("opportunity", "tender_no"), TEXT, ("招标编号", "Tender no")),
    (("opportunity", "stage"), INTEGER, ("商机阶段", "阶段", "Stage")),
    (("needed_by",), SHAPED["needed_by"], ("期望完成时间", "需要时间", "要求完成时间", "Needed by")),
    (("priority",), SHAPED["priority"], ("紧急程度", "优先级", "Priority")),
    (("locale",), SHAPED["locale"], ("语言", "Language")),
    (("extra", "note"), TEXT, ("备注", "补充说明", "Note", "Notes", "Remarks")),
    (("extra", "currency"), TEXT, ("币种", "Currency")),
)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where what a label names stands in a request, and its shape. `part` is the part of a window that a label names alone.

    A precondition's place is ("evidence", its key).
    """

    path: tuple[str, ...]
    spec: Field
    part: str | None = None


def fold_label(label: str) -> str:
    """A label as labels are compared: width, case, blank space and unseen characters do not matter."""
    plain = unicodedata.normalize("NFKC", label).casefold()
    return "".join(c for c in plain if not c.isspace() and unicodedata.category(c) not in {"Cf", "Cc", "Cs"}).strip("*_")


def bare_label(label: str) -> str:
    """`label` without what it says in brackets, folded."""
    return fold_label(BRACKETED.sub("", label))


def labels_of(pack: Pack, kind: RequestType | None) -> Mapping[str, Place]:
    """Folded label → place: of the frame, and of `kind`'s details and preconditions where it is known. What comes first stands."""
    places: dict[str, Place] = {}
    for name, place in (*(_of_kind(pack, kind) if kind else ()), *_of_frame(), *(_of_parts(kind) if kind else ())):
        places.setdefault(fold_label(name), place)
    places.pop("", None)
    return places


def _of_frame() -> Iterator[tuple[str, Place]]:
    for path, spec, names in FRAME:
        yield from ((name, Place(path=path, spec=spec)) for name in names)


def _of_kind(pack: Pack, kind: RequestType) -> Iterator[tuple[str, Place]]:
    for key, spec in kind.fields.items():
        place = Place(path=("details", key), spec=spec)
        yield from ((name, place) for name in (spec.zh, spec.en, *spec.aliases, f"details.{key}"))
        if spec.type == "window":
            yield from _of_window(place)
    for key in dict.fromkeys(name for condition in kind.preconditions for name in condition.any_of):
        known = pack.preconditions[key]
        names = (known.zh, known.en, *known.aliases, key, key.replace("_", " "), BRACKETED.sub("", known.zh))
        yield from ((name, Place(path=("evidence", key), spec=TEXT)) for name in names)


def _of_window(place: Place) -> Iterator[tuple[str, Place]]:
    """X时间和地点 is also said in two lines, X时间 and X地点, or in three."""
    zh = place.spec.zh.removesuffix("和地点").removesuffix("时间")
    names = {
        None: (f"{zh}时间",),
        "start": (f"{zh}时间起", f"{zh}开始时间"),
        "end": (f"{zh}时间止", f"{zh}结束时间"),
        "place": (f"{zh}地点",),
    }
    for part, called in names.items():
        yield from ((name, Place(path=place.path, spec=place.spec, part=part)) for name in called)


def _of_parts(kind: RequestType) -> Iterator[tuple[str, Place]]:
    """Short names, where nothing else is called so: the parts of the first window, the fields of records."""
    general = {None: ("时间", "Time"), "start": ("开始时间", "From"), "end": ("结束时间", "To")}
    general |= {"place": ("地点", "Place"), "time_zone": ("时区", "Time zone")}
    for key, spec in kind.fields.items():
        path = ("details", key)
        if spec.type == "window":
            for part, called in general.items():
                yield from ((name, Place(path=path, spec=spec, part=part)) for name in called)
        if spec.type == "record":
            for inner, sub in spec.fields.items():
                names = (sub.zh, *sub.aliases, f"{spec.zh}{sub.zh}", f"{spec.en} {sub.en}")
                yield from ((name, Place(path=(*path, inner), spec=sub)) for name in names)
