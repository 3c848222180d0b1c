"""What people and apps put between the characters of a code, and what is taken out before it is read.

And how a code of letters is written and read, whatever it opens: in Crockford's base32, which has no I, L, O or U, so
that what people write for one another is read as meant.
"""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
GROUP = 4

_LOOK_ALIKES = str.maketrans("OILoil", "011011")
_SEPARATORS = dict.fromkeys(map(ord, " \t\r\n-\u00a0\u202f\u2010\u2011\u2012\u2013\u2014\u2212"))


def without_separators(text: str) -> str:
    """*text* without spaces, line breaks and dashes of any kind."""
    return text.translate(_SEPARATORS)


def in_groups(code: str) -> str:
    """*code* in groups of four, as it is shown, read out and printed."""
    return "-".join(code[at : at + GROUP] for at in range(0, len(code), GROUP))


def read_letters(text: str, *, length: int) -> str | None:
    """The code of *length* characters that *text* means, or None where it can't be one.

    Any case, spaces, dashes and dots; O for 0, I and L for 1. Only ASCII letters and digits make a code.
    """
    letters = without_separators(text).replace(".", "")
    if len(letters) != length or not letters.isascii():  # before upper(), which makes S of a long s and SS of a sharp s
        return None
    code = letters.translate(_LOOK_ALIKES).upper()
    return code if all(letter in ALPHABET for letter in code) else None
