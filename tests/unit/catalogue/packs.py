"""Copies of the shipped policy in a temporary folder, changed as a test needs it."""

import shutil
from pathlib import Path

from shared.catalogue.load import SHIPPED

VISIT_OF_INSPECTION = """
tech.inspection:
  label: {zh: 系统巡检, en: System inspection}
  aliases: [例行巡检]
  article: 试行条款
  form: T
  coordinator: test_manager
  supporters: [{role: test_engineer, skills: []}]
  effort: 1
  preconditions: [[environment_defined]]
  output: {zh: 巡检报告, en: Inspection report, when: completed}
  fields:
    site: {zh: 巡检地点, en: Site, type: text, required: true}
    contact: {zh: 现场联系人, en: Contact, type: text, required: true, personal: true}
    due: {zh: 完成期限, en: Due, type: time, required: true, deadline: true}
    devices: {zh: 设备清单, en: Devices, type: lines, required: true, fields: {name: {zh: 设备, en: Device, type: text, required: true}, count: {zh: 台数, en: Count, type: integer, required: true, minimum: 1}}}
"""


def copied(root: Path, *, version: str = "1.0.0") -> Path:
    """The shipped pack copied under `root`; its folder."""
    folder = root / "sales-support" / version
    shutil.copytree(SHIPPED / "sales-support" / "1.0.0", folder)
    if version != "1.0.0":
        replaced(folder, "pack.yaml", "version: 1.0.0", f"version: {version}")
    return folder


def replaced(folder: Path, file: str, old: str, new: str) -> None:
    """Change one place of one file of the pack."""
    text = (folder / file).read_text(encoding="utf-8")
    assert text.count(old) >= 1, f"{file} does not hold {old!r}"
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def with_a_sixteenth_type(root: Path) -> Path:
    """The shipped pack and one more YAML file, under `root`."""
    folder = copied(root)
    (folder / "inspection.yaml").write_text(VISIT_OF_INSPECTION, encoding="utf-8")
    return root
