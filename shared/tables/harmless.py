"""Cells of tables that we write: no spreadsheet program takes one for a formula. Pure."""

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def harmless(text: str) -> str:
    """`text` behind an apostrophe when a spreadsheet might calculate it: what others wrote is shown, never run."""
    return f"'{text}" if text.startswith(STARTS) else text
