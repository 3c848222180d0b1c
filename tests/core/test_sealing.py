"""Sealed values open where they belong, and nowhere else."""

import base64
from dataclasses import replace

import pytest

from webapp.core.sealing import CannotOpenError, Context, Keyring, Sealed, parse_key

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
CONTEXT = Context("totp secret", 7, 7)
PLAIN = b"twenty secret bytes!"


def test_what_was_sealed_opens() -> None:
    """The right key and the right place give the plain bytes back."""
    keyring = Keyring([OLD])

    assert PLAIN == keyring.open(keyring.seal(PLAIN, CONTEXT), CONTEXT)


def test_the_box_shows_nothing_and_never_looks_the_same() -> None:
    """A random nonce for each write, and 16 bytes of tag."""
    keyring = Keyring([OLD])

    boxes = {keyring.seal(PLAIN, CONTEXT).box for _ in range(50)}

    assert 50 == len({box[:12] for box in boxes})
    assert not any(PLAIN in box for box in boxes)
    assert {12 + len(PLAIN) + 16} == {len(box) for box in boxes}


@pytest.mark.parametrize("at", range(12 + len(PLAIN) + 16))
def test_a_flipped_byte_does_not_open(at: int) -> None:
    """Nonce, ciphertext and tag are all under the seal."""
    keyring = Keyring([OLD])
    sealed = keyring.seal(PLAIN, CONTEXT)
    flipped = bytearray(sealed.box)
    flipped[at] ^= 1

    with pytest.raises(CannotOpenError):
        keyring.open(replace(sealed, box=bytes(flipped)), CONTEXT)


@pytest.mark.parametrize("length", [0, 1, 11, 12, 13, 27])
def test_a_box_that_was_cut_short_does_not_open(length: int) -> None:
    """However short, the error is the one that the flows know."""
    keyring = Keyring([OLD])
    sealed = keyring.seal(PLAIN, CONTEXT)

    with pytest.raises(CannotOpenError):
        keyring.open(replace(sealed, box=sealed.box[:length]), CONTEXT)


@pytest.mark.parametrize(
    "elsewhere", [replace(CONTEXT, row=8), replace(CONTEXT, employee=8), replace(CONTEXT, purpose="pending secret")]
)
def test_a_box_moved_elsewhere_does_not_open(elsewhere: Context) -> None:
    """Purpose, row and employee are associated data: a swapped row is no key to another account."""
    keyring = Keyring([OLD])

    with pytest.raises(CannotOpenError):
        keyring.open(keyring.seal(PLAIN, CONTEXT), elsewhere)


def test_a_box_under_a_key_that_is_gone_does_not_open() -> None:
    """An unknown key id raises; it never skips a check."""
    sealed = Keyring([OLD]).seal(PLAIN, CONTEXT)

    with pytest.raises(CannotOpenError, match=sealed.key_id):
        Keyring([NEW]).open(sealed, CONTEXT)


def test_a_box_that_names_another_key_does_not_open() -> None:
    """The key id is only a hint; the seal decides."""
    both = Keyring([NEW, OLD])
    sealed = Keyring([OLD]).seal(PLAIN, CONTEXT)

    with pytest.raises(CannotOpenError):
        both.open(Sealed(both.seal(b"", CONTEXT).key_id, sealed.box), CONTEXT)


def test_the_newest_key_seals_and_every_key_opens() -> None:
    """Keys are newest first; what an older one sealed stays readable."""
    both = Keyring([NEW, OLD])

    assert PLAIN == both.open(Keyring([OLD]).seal(PLAIN, CONTEXT), CONTEXT)
    assert PLAIN == Keyring([NEW]).open(both.seal(PLAIN, CONTEXT), CONTEXT)


def test_the_key_id_tells_nothing_of_the_key() -> None:
    """Eight hexadecimal digits of a digest stand beside the ciphertext, not a piece of the key."""
    key_id = Keyring([OLD]).seal(PLAIN, CONTEXT).key_id

    assert 8 == len(key_id)
    assert key_id not in OLD.hex()


def test_a_bound_box_needs_the_secret_too() -> None:
    """HKDF over key and token: database and keyring together don't open it."""
    keyring = Keyring([OLD])
    sealed = keyring.bound_to("raw token", purpose="shown").seal(PLAIN, CONTEXT)

    assert PLAIN == keyring.bound_to("raw token", purpose="shown").open(sealed, CONTEXT)
    for other in (keyring, keyring.bound_to("raw tokem", purpose="shown"), keyring.bound_to("raw token", purpose="x")):
        with pytest.raises(CannotOpenError):
            other.open(sealed, CONTEXT)


def test_a_bound_box_opens_after_a_new_key_was_added() -> None:
    """Rotation doesn't take shown codes away."""
    sealed = Keyring([OLD]).bound_to("raw token", purpose="shown").seal(PLAIN, CONTEXT)

    assert PLAIN == Keyring([NEW, OLD]).bound_to("raw token", purpose="shown").open(sealed, CONTEXT)


def test_a_fingerprint_is_keyed_and_survives_a_new_key() -> None:
    """Whoever has the database alone can't try addresses; adding a key changes no look-up."""
    fingerprint = Keyring([OLD]).fingerprint("lea@studio.example", purpose="guesses")

    assert fingerprint == Keyring([NEW, OLD]).fingerprint("lea@studio.example", purpose="guesses")
    assert fingerprint != Keyring([NEW]).fingerprint("lea@studio.example", purpose="guesses")
    assert fingerprint != Keyring([OLD]).fingerprint("lea@studio.example", purpose="else")
    assert 64 == len(Keyring([OLD]).fingerprint("\udc80\x00", purpose="guesses"))


@pytest.mark.parametrize("keys", [[], [b""], [b"short"], [OLD, OLD[:31]], [OLD + b"x"]])
def test_a_keyring_without_whole_keys_is_not_made(keys: list[bytes]) -> None:
    """256 bits each, and at least one."""
    with pytest.raises(ValueError, match="32 bytes"):
        Keyring(keys)


@pytest.mark.parametrize("text", [base64.urlsafe_b64encode(key).decode() for key in (OLD, NEW, b"\xff" * 32)])
def test_a_key_is_read_with_or_without_padding(text: str) -> None:
    """URL-safe base64, as the settings page says."""
    assert base64.urlsafe_b64decode(text) == parse_key(text) == parse_key(text.rstrip("=")) == parse_key(f" {text}\n")


@pytest.mark.parametrize("text", ["", "x", "äöü", "=" * 43, "A" * 42, "A" * 44, "not base64 at all", "A" * 100])
def test_anything_else_is_no_key(text: str) -> None:
    """A clear error instead of a weak key."""
    with pytest.raises(ValueError, match="it "):
        parse_key(text)
