"""The keys among the settings: what is strong enough to be one, and how development makes its own, once."""

import base64
import contextlib
import json
import os
import secrets
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from webapp.core.sealing import KEY_BYTES, parse_key
from webapp.settings.reader import Reader, SettingsError

MIN_SECRET_LENGTH = 32
MAKE_SECRET = "make one: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
MAKE_KEY = (
    "make one: python -c 'import base64, json, secrets;"
    " print(json.dumps([base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()]))'"
)
SAMPLE_WORDS = ("change", "secret", "example", "sample", "default", "insecure", "password", "12345", "test", "dev-")


def secret_key(reader: Reader, instance: Path, is_production: bool) -> str:
    if not is_production and not reader.has("SECRET_KEY"):
        return _kept(instance / "secret-key.txt", lambda: secrets.token_urlsafe(48))
    key = reader.text("SECRET_KEY", "")
    if not key:
        raise SettingsError(f"FLASK_SECRET_KEY is missing; {MAKE_SECRET}")
    if is_production and _is_weak(key):
        raise SettingsError(f"FLASK_SECRET_KEY is too short, or a sample; {MAKE_SECRET}")
    return key


def secret_key_fallbacks(reader: Reader, is_production: bool) -> tuple[str, ...]:
    """Former keys. What they signed is still accepted, so an empty one would let anybody sign."""
    keys = reader.texts("SECRET_KEY_FALLBACKS", ())
    if "" in keys or (is_production and any(_is_weak(key) for key in keys)):
        raise SettingsError(f"FLASK_SECRET_KEY_FALLBACKS holds a key that is too short, or a sample; {MAKE_SECRET}")
    return keys


def two_factor_keys(reader: Reader, instance: Path, is_production: bool) -> tuple[bytes, ...]:
    if reader.has("TWO_FACTOR_KEYS"):
        texts = reader.texts("TWO_FACTOR_KEYS", ())
    elif is_production:
        raise SettingsError(f"FLASK_TWO_FACTOR_KEYS is missing; {MAKE_KEY}")
    else:
        kept = _kept(instance / "two-factor-keys.json", lambda: json.dumps([_new_key()]))
        texts = tuple(json.loads(kept))
    if not texts:
        raise SettingsError(f"FLASK_TWO_FACTOR_KEYS holds no key; {MAKE_KEY}")
    keys = []
    for at, text in enumerate(texts, start=1):
        try:
            key = parse_key(text)
        except ValueError as error:
            raise SettingsError(f"FLASK_TWO_FACTOR_KEYS: key {at} can't be used, {error}; {MAKE_KEY}") from None
        if is_production and _is_pattern(key):
            raise SettingsError(f"FLASK_TWO_FACTOR_KEYS: key {at} is a sample or not random; {MAKE_KEY}")
        keys.append(key)
    return tuple(keys)


def _is_pattern(key: bytes) -> bool:
    """Whether *key* repeats itself, counts up or is a phrase: what 32 random bytes hardly ever do."""
    is_phrase = all(0x20 <= byte < 0x7F for byte in key)
    is_count = len({(later - earlier) % 256 for earlier, later in pairwise(key)}) == 1
    return len(set(key)) < KEY_BYTES // 2 or is_phrase or is_count


def _new_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _is_weak(key: str) -> bool:
    is_sample = len(set(key)) < 10 or any(word in key.casefold() for word in SAMPLE_WORDS)
    return len(key) < MIN_SECRET_LENGTH or is_sample


def _kept(path: Path, make: Callable[[], str]) -> str:
    """The text in *path*, made once and readable by its owner only.

    Written aside and then linked: of two processes that start at once, both end up with the same whole text.
    """
    if not path.exists():
        aside = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(make())
        with contextlib.suppress(FileExistsError):
            os.link(aside, path)
        aside.unlink()
    return path.read_text().strip()
