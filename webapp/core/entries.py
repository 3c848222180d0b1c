"""What people and apps put between the characters of a code, and what is taken out before it is read."""

_SEPARATORS = dict.fromkeys(map(ord, " \t\r\n-\u00a0\u202f\u2010\u2011\u2012\u2013\u2014\u2212"))


def without_separators(text: str) -> str:
    """*text* without spaces, line breaks and dashes of any kind."""
    return text.translate(_SEPARATORS)
