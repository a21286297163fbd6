"""`backline up` and `down` refuse what makes no sense, in a sentence and before anything starts."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.stack_folder import StackFolder


@pytest.mark.parametrize("scale", ["routing", "routing=", "routing=none", "routing=0", "rooting=2", "routing=-1"])
def test_a_scale_that_makes_no_sense_is_refused_before_anything_starts(tmp_path: Path, scale: str) -> None:
    run = CliRunner().invoke(app, ["up", "--folder", str(tmp_path / "none"), "--scale", scale])
    assert run.exit_code == 2
    assert "SCALE" in run.output
    assert not (tmp_path / "none").exists()


def test_a_second_stack_on_one_folder_is_refused_and_says_how_to_end_the_first(tmp_path: Path) -> None:
    first = StackFolder(tmp_path, ["mongod"])
    run = CliRunner().invoke(app, ["up", "--folder", str(tmp_path)])
    first.release()
    assert run.exit_code == 1
    assert "backline down" in run.output


def test_down_where_nothing_runs_says_so_and_touches_no_process(tmp_path: Path) -> None:
    StackFolder(tmp_path, ["mongod"]).release()
    run = CliRunner().invoke(app, ["down", "--folder", str(tmp_path)])
    assert run.exit_code == 0
    assert "No stack is running" in run.output
