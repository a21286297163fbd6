"""Which type a message means, and what it is told when it means none, or one that its channel does not take. Pure.

By mail come the types whose form is the e-mail application (第一章 4); the others are returned with the form to use.
"""

from collections.abc import Iterable, Mapping

from shared.catalogue.pack import Pack, RequestType, fold
from shared.catalogue.shapes import Shaping

MAIL = "mail"
MAIL_FORM = "E"
CHAPTERS: Mapping[str, tuple[str, ...]] = {
    "tools": ("销售工具", "销售工具支持", "Sales tools", "Sales tool"),
    "tech": ("技术支持", "Technical support"),
    "market": ("市场支持", "Market support"),
    "business": ("商务支持", "Business support"),
}
"""What people call a whole chapter of the policy, by the first part of its types' keys."""


def by_mail(kind: RequestType) -> bool:
    """Whether requests of `kind` may be made by mail."""
    return kind.form == MAIL_FORM


def chapter_named(text: str) -> str | None:
    """The chapter called `text`, by the first part of its types' keys."""
    return next((key for key, names in CHAPTERS.items() if fold(text) in map(fold, names)), None)


def check_type(shaping: Shaping, given: object, kind: RequestType | None, pack: Pack, channel: str) -> str:
    """The type as it is kept: `kind`'s key, or what was given. Records a problem when there is none or it does not come so."""
    if kind is None:
        _unknown(shaping, given, pack, channel)
        return given[:100] if isinstance(given, str) else ""
    if channel == MAIL and not by_mail(kind):
        form, listed = pack.forms[kind.form], [other for other in pack.types.values() if by_mail(other)]
        zh = (
            f"“{kind.label.zh}”须填写“{form.zh}”（{kind.article}），不能以邮件申请；请在业务系统中按该表单（{kind.key}）提交，"
            f"已写的内容保留在本申请下。可以邮件申请的有：{_names(listed, 'zh')}。"
        )
        en = (
            f"“{kind.label.en}” takes the “{form.en}” ({kind.article}) and cannot be asked for by mail; submit that form "
            f"({kind.key}) in your unit's system, what you wrote is kept. By mail come: {_names(listed, 'en')}."
        )
        shaping.wrong("type", "not_by_mail", zh, en)
    return kind.key


def _unknown(shaping: Shaping, given: object, pack: Pack, channel: str) -> None:
    if channel == MAIL:
        chapter = chapter_named(given) if isinstance(given, str) else None
        listed = [
            kind for kind in pack.types.values() if (by_mail(kind) if chapter is None else kind.key.startswith(f"{chapter}."))
        ]
        zh = f"未写明支持类型；请回复本邮件，写一行“支持类型：…”，从下列类型中选择：{_names(listed, 'zh')}。"
        en = f"No type of support is named; answer this mail with a line “Type: …”, one of: {_names(listed, 'en')}."
    else:
        named = "、".join(f"{key} {kind.label.zh}" for key, kind in pack.types.items())
        zh, en = (
            f"没有这个支持类型；请从下列类型中选择：{named}。",
            f"There is no such type; choose one of {', '.join(pack.types)}.",
        )
    shaping.wrong("type", "unknown_type", zh, en)


def _names(kinds: Iterable[RequestType], locale: str) -> str:
    return ("、" if locale == "zh" else ", ").join(kind.name(locale) for kind in kinds)
