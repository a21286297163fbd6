"""Whatever bytes come, a table is read or refused with a fault that says what to do; nothing else is raised."""

import random
import zipfile
from io import BytesIO

import pytest

from shared.tables.faults import TableFault
from shared.tables.rows import Rows
from shared.tables.table import Limits
from tests.builders.workbooks import MOMENT, Raw, a_sheet, a_workbook, merged
from tests.unit.tables.samples import FOLDER, around, mapping, read

HEADER = ["单据编号", "来源系统", "支持类型", "数量", "前提条件证明", "期望完成时间"]
ROW = ["R-1", "oa", "公司资料", 5, "needs_understood=attestation:已确认", Raw(f's="{MOMENT}"><v>46451.5</v>')]
SHEET = a_sheet([HEADER, ROW, ROW], after=merged("A2:A3"))
ROUNDS = 100
CSV = (FOLDER / "oa-harbour.csv").read_bytes()


def outcome(raw: bytes, *, mapped: bool = False) -> str:
    """How many messages and refused rows, or the code of the fault."""
    try:
        table = read(raw, limits=Limits(sheet=1_000_000, texts=1_000_000))
        known = mapping((FOLDER / "oa-harbour.mapping.yaml").read_text(encoding="utf-8")) if mapped else None
        rows = Rows(table.header, around(), known, table.reading)
        read_rows = [message for record in table.records if (message := rows.message(record))]
    except TableFault as fault:
        return fault.problems[0].code
    return f"{len(read_rows)} rows"


def spoiled(raw: bytes, chance: random.Random) -> bytes:
    """`raw` with some bytes changed, cut out or repeated."""
    content = bytearray(raw)
    for _ in range(chance.randint(1, 6)):
        place, length = chance.randrange(len(content)), chance.randint(1, 12)
        match chance.randrange(3):
            case 0:
                content[place : place + length] = chance.randbytes(length)
            case 1:
                del content[place : place + length]
            case _:
                content[place:place] = content[place : place + length]
    return bytes(content)


@pytest.mark.parametrize("seed", range(4))
def test_a_spoiled_csv_is_read_or_refused(seed: int):
    chance = random.Random(seed)
    found = {outcome(spoiled(CSV, chance), mapped=True) for _ in range(60)}
    assert outcome(CSV, mapped=True) == "3 rows"
    assert len(found) > 1


@pytest.mark.parametrize("seed", range(4))
def test_a_workbook_with_a_spoiled_part_is_read_or_refused(seed: int):
    chance = random.Random(seed)
    whole = a_workbook({"S": SHEET}, shared="<si><t>a</t></si>")
    parts = {name: zipfile.ZipFile(BytesIO(whole)).read(name) for name in zipfile.ZipFile(BytesIO(whole)).namelist()}
    found = set()
    for _ in range(ROUNDS):
        name = chance.choice(sorted(parts))
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for part, content in parts.items():
                archive.writestr(part, spoiled(content, chance) if part == name else content)
        found.add(outcome(packed.getvalue()))
        found.add(outcome(spoiled(whole, chance)))
    assert outcome(whole) == "2 rows"
    assert len(found) > 1
