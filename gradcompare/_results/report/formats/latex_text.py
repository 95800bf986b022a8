"""Text of users and of sentences, as LaTeX in ASCII."""

import re
import unicodedata

SPECIAL = {
    **{sign: f"\\{sign}" for sign in "#$%&_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    **{"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}"},
}


def escaped(text: str) -> str:
    """Returns text as LaTeX that prints it, in ASCII.

    Greek letters are written as such, letters with accents without them, and other signs by their
    numbers in Unicode.
    """
    plain = "".join(SPECIAL.get(sign) or _plain(sign) for sign in " ".join(text.split()))
    return plain.replace("--", "-{}-")


def _plain(sign: str) -> str:
    if " " <= sign <= "~":
        return sign
    greek = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER ([A-Z]+)", unicodedata.name(sign, ""))
    if greek and greek[2] not in ("OMICRON", "LAMDA", "FINAL"):
        name = greek[2].lower()
        return rf"\ensuremath{{\{name}}}" if greek[1] == "SMALL" else _capital(greek[2])
    if greek and greek[2] == "LAMDA":
        return rf"\ensuremath{{\{'lambda' if greek[1] == 'SMALL' else 'Lambda'}}}"
    near = unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode()
    return "".join(SPECIAL.get(s, s) for s in near) or f"U+{ord(sign):04X}"


def _capital(name: str) -> str:
    """A capital Greek letter; LaTeX has no command for those that look like Latin ones."""
    own = ("GAMMA", "DELTA", "THETA", "XI", "PI", "SIGMA", "UPSILON", "PHI", "PSI", "OMEGA")
    return rf"\ensuremath{{\{name.capitalize()}}}" if name in own else name[0]
