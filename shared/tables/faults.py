"""What is wrong with a table: with the whole of it, with its mapping, or with one row. Each says what to do, zh and en. Pure."""

from collections.abc import Sequence

from shared.schemas.model import Json, Text
from shared.schemas.requests import Problem

ROW = Text(
    zh="这一行无法读懂，没有提交：{}请更正后重新导入；其余各行不受影响。",
    en="This row cannot be understood and was not sent: {} Mend it and import the file again; the other rows are not affected.",
)
MOST = 20
"""How many problems of one row, or one file, are told."""


class TableFault(Exception):  # noqa: N818  # it names what was received, and is answered rather than raised at anyone
    """The file cannot be read as a table, or not beyond `place` (a line or a sheet's row); `problems` say why."""

    def __init__(self, problems: Sequence[Problem], place: int | None = None) -> None:
        super().__init__("; ".join(problem.message.en for problem in problems))
        self.problems = tuple(problems)
        self.place = place

    @property
    def text(self) -> Text:
        """All of it as one sentence after the other."""
        return told(self.problems)


def unreadable(code: str, zh: str, en: str, *, field: str = "file", place: int | None = None) -> TableFault:
    """A fault of the whole file."""
    return TableFault([Problem(field=field, code=code, message=Text(zh=zh, en=en))], place)


def told(problems: Sequence[Problem]) -> Text:
    """The first problems in one text."""
    shown = problems[:MOST]
    return Text(zh="".join(p.message.zh for p in shown), en=" ".join(p.message.en for p in shown))


def row_problem(problems: Sequence[Problem]) -> Json:
    """Why a row was not sent, in the form in which a batch says why a line was refused."""
    text = told(problems)
    errors = [{"pointer": pointer(p.field), "code": p.code, "message": p.message.model_dump()} for p in problems[:MOST]]
    message = Text(zh=ROW.zh.format(text.zh), en=ROW.en.format(text.en))
    return {"code": "row_not_understood", "status": 422, "message": message.model_dump(), "errors": errors}


def pointer(column: str) -> str:
    """The pointer (RFC 6901) of a column in a row that is read as a record by its headers."""
    return "/" + column.replace("~", "~0").replace("/", "~1")


def file_problem(fault: TableFault) -> Json:
    """Why nothing is read beyond a place, in the same form."""
    return {"code": fault.problems[0].code, "status": 422, "message": fault.text.model_dump()}
