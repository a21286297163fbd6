"""What runs when it is opened: programs and scripts, by their first bytes and by their names. Pure."""

LETTERS = (b"MZ", b"dex\n", b"ITSF", b"FWS", b"CWS", b"ZWS")
"""Windows and DOS, Android, compiled help, Flash: a text may begin so too, but holds no NUL."""
PROGRAMS = (
    b"\x7fELF",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"\x00asm",
    b"#!",
    b"\xef\xbb\xbf#!",
    b"L\x00\x00\x00\x01\x14\x02\x00",
)
"""ELF, Mach-O, Java, WebAssembly, scripts with an interpreter line, Windows links."""
ENDINGS = frozenset(
    [
        "action",
        "apk",
        "app",
        "appref-ms",
        "appx",
        "bat",
        "cab",
        "chm",
        "class",
        "cmd",
        "com",
        "cpl",
        "crx",
        "csh",
        "deb",
        "desktop",
        "diagcab",
        "dll",
        "dmg",
        "docm",
        "dotm",
        "dylib",
        "elf",
        "exe",
        "gadget",
        "hlp",
        "hta",
        "img",
        "inf",
        "ins",
        "iso",
        "jar",
        "jnlp",
        "js",
        "jse",
        "ksh",
        "lib",
        "library-ms",
        "lnk",
        "msc",
        "msh",
        "msi",
        "msix",
        "msp",
        "mst",
        "ocx",
        "pif",
        "pkg",
        "potm",
        "ppam",
        "ppsm",
        "pptm",
        "prg",
        "ps1",
        "ps2",
        "psc1",
        "psm1",
        "py",
        "pyc",
        "pyw",
        "rb",
        "reg",
        "rpm",
        "scf",
        "scr",
        "sct",
        "search-ms",
        "settingcontent-ms",
        "sh",
        "so",
        "swf",
        "sys",
        "url",
        "vb",
        "vbe",
        "vbs",
        "vbscript",
        "vhd",
        "vhdx",
        "vxd",
        "wasm",
        "webloc",
        "ws",
        "wsc",
        "wsf",
        "wsh",
        "xbap",
        "xlam",
        "xlm",
        "xll",
        "xlsb",
        "xlsm",
        "xltm",
    ]
)
"""Endings under which Windows, macOS or Linux run a file, or Office runs what is in it."""
UNSEEN = "." + "".join(filter(str.isspace, map(chr, range(0x3001))))
"""Dots, and all blanks that Unicode has."""


def is_program(head: bytes) -> bool:
    """Whether a file that begins with `head` is a program or a script."""
    return head.startswith(PROGRAMS) or (head.startswith(LETTERS) and b"\0" in head[:512])


def is_dangerous(name: str) -> bool:
    """Whether a system would run a file called `name`. Blanks and dots behind the ending do not hide it, as on Windows."""
    _, dot, last = name.partition("::$")[0].rstrip(UNSEEN).rpartition(".")
    return bool(dot) and last.strip().lower() in ENDINGS
