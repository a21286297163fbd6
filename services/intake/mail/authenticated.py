"""Whether the receiving mail server vouches for the author of a mail (RFC 8601). Pure.

Only the topmost Authentication-Results of the named server counts: it is the last to have been added, and that server takes
away what others wrote in its name.
"""

import re

from services.intake.mail.letter import Letter

COMMENT = re.compile(r"\([^()]*\)")
PASSED = re.compile(r"(dmarc|dkim|spf)\s*=\s*pass\b", re.IGNORECASE)
ABOUT = {
    "dmarc": re.compile(r"header\.from\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE),
    "dkim": re.compile(r"header\.(?:d|i)\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE),
    "spf": re.compile(r"smtp\.mailfrom\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE),
}


def vouched_for(letter: Letter, server: str) -> bool:
    """Whether `server` says pass of the domain that From names, or of one above it."""
    domain = letter.sender.rpartition("@")[2]
    for value in letter.headers.get("authentication-results", ()):
        said = COMMENT.sub("", value).split(";")
        if said[0].split() and said[0].split()[0].casefold() == server.casefold():
            return bool(domain) and any(_passes(result, domain) for result in said[1:])
    return False


def _passes(result: str, domain: str) -> bool:
    passed = PASSED.match(result.strip())
    about = ABOUT[passed[1].lower()].search(result) if passed else None
    named = about[1].rpartition("@")[2].strip(".").lower() if about else ""
    return "." in named and (domain == named or domain.endswith(f".{named}"))
