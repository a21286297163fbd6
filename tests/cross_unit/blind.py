"""`python -m tests.cross_unit.blind services.intake.app`: a service whose filter is switched off, as the check's negative control."""

import runpy
import sys
from collections.abc import Mapping
from typing import Any

from shared.storage import Places, Sight


def switch_off() -> None:
    """Let everybody see everything."""

    def unfiltered(_places: Places, _sight: Sight, each: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return dict(each or {})

    Places.filter = unfiltered  # type: ignore[method-assign]
    Sight.allows = lambda *_arguments, **_named: True  # type: ignore[assignment,method-assign]


if __name__ == "__main__":
    switch_off()
    runpy.run_module(sys.argv[1], run_name="__main__")
