"""Whether the receiving mail server vouches for the author of a mail (RFC 8601). Pure.

Only the topmost Authentication-Results of the named server counts: it is the last to have been added, and that server takes
away what others wrote in its name. Invariant: an address that it repeats, in whatever spelling, is never read as its own word.
"""

import re

from services.intake.mail.letter import Letter

QUOTED = r'"(?:[^"\\]|\\.)*+"'
COMMENT = re.compile(rf"({QUOTED})|\((?:[^()\"\\]|\\.|{QUOTED})*+\)", re.DOTALL)
"""What is quoted stands; a comment goes, the innermost first."""
DEEPEST_COMMENT = 8
SERVER = re.compile(r"(?:\s|\([^()]*\))*([^\s;()]+)")
RESULT = re.compile(rf"(?:[^;\"]|{QUOTED})+", re.DOTALL)
SAID = re.compile(rf"(?<![a-z0-9.-])([a-z][a-z0-9.-]*+)\s*+=\s*+((?:{QUOTED}|[^\s;\"])+)", re.IGNORECASE | re.DOTALL)
ABOUT = {"dmarc": {"header.from"}, "dkim": {"header.d", "header.i"}, "spf": {"smtp.mailfrom"}}


def vouched_for(letter: Letter, server: str) -> bool:
    """Whether `server` says pass of the domain that From names, or of one above it."""
    domain = letter.sender.rpartition("@")[2]
    for value in letter.headers.get("authentication-results", ()):
        named = SERVER.match(value)
        if named is not None and named[1].casefold() == server.casefold():
            return bool(domain) and any(_passes(result, domain) for result in _results(value))
    return False


def _results(value: str) -> list[str]:
    """What the server says, without its name and comments; nothing where quotes or brackets are left that do not close."""
    for _ in range(DEEPEST_COMMENT):
        value = COMMENT.sub(lambda found: found[1] or " ", value)
    if any(mark in re.sub(QUOTED, "", value, flags=re.DOTALL) for mark in '"()'):
        return []
    return RESULT.findall(value)[1:]


def _passes(result: str, domain: str) -> bool:
    said = [(name.lower(), value) for name, value in SAID.findall(result)]
    method, verdict = said[0] if said else ("", "")
    if verdict.lower() != "pass" or not result.strip().lower().startswith(method):
        return False
    about = next((value for name, value in said if name in ABOUT.get(method, ())), "")
    named = about.rpartition("@")[2].strip('".').lower()
    return "." in named and (domain == named or domain.endswith(f".{named}"))
