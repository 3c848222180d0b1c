"""What stands in an address to narrow a list: words, names of filters, numbers. What can't be read is left out."""

from flask import request

MAX_LENGTH = 100


def typed_search(name: str) -> str:
    """One line of at most MAX_LENGTH letters that can be seen."""
    text = request.args.get(name, "")
    return "".join(letter for letter in text if letter.isprintable())[:MAX_LENGTH].strip()


def number(name: str, *, most: int) -> int | None:
    """A whole number from 1 to *most*."""
    text = request.args.get(name, "")
    is_one = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    return int(text) if is_one and 1 <= int(text) <= most else None
