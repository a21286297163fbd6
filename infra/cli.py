"""`backline`: the stack, requests, imports, the rejection desk, erasing, bid seasons, units' keys, recovery (parked, dead letters,
reconcile, replay, rebuild, restore) and the contract.
"""

import typer

from infra.commands import (
    access,
    contract,
    desk,
    erasing,
    explaining,
    feeding,
    keys,
    operating,
    rebuilding,
    recovering,
    requesting,
    restoring,
    running,
    seasons,
    securing,
)

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
running.add_to(app)
requesting.add_to(app)
feeding.add_to(app)
desk.add_to(app)
erasing.add_to(app)
explaining.add_to(app)
operating.add_to(app)
recovering.add_to(app)
rebuilding.add_to(app)
restoring.add_to(app)
contract.add_to(app)
keys.add_to(app)
securing.add_to(app)
access.add_to(app)
seasons.add_to(app)

if __name__ == "__main__":
    app()
