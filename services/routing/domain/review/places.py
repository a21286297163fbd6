"""A place in a chain, by role and department, as one key. Pure."""

from shared.schemas.routing import Seat


def place(role: str, department: str | None) -> str:
    """`department_reviewer/finance`, or the role alone."""
    return f"{role}/{department}" if department else role


def place_of(seat: Seat) -> str:
    """The place that a seat is for."""
    return place(seat.role, seat.department)
