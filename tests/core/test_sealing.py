"""Sealed values open where they belong, and nowhere else."""

import base64
import hashlib
import hmac
import logging
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

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


def test_the_error_says_which_value_does_not_open() -> None:
    """Whoever reads the log finds the row; nothing of key or box is in it."""
    keyring = Keyring([OLD])
    sealed = keyring.seal(PLAIN, CONTEXT)

    with pytest.raises(CannotOpenError, match=r"^totp secret of row 7 does not open$"):
        keyring.open(replace(sealed, box=sealed.box[:-1]), CONTEXT)


def test_what_can_be_made_anew_is_none_and_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Critical, with the cause; and what opens is given and writes nothing."""
    keyring = Keyring([OLD])
    sealed = keyring.seal(PLAIN, CONTEXT)

    assert PLAIN == keyring.open_or_none(sealed, CONTEXT)
    assert [] == caplog.record_tuples
    assert keyring.open_or_none(sealed, replace(CONTEXT, row=8)) is None
    line = "a sealed value does not open: totp secret of row 8 does not open"
    assert [("webapp.core.sealing", logging.CRITICAL, line)] == caplog.record_tuples


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


def test_what_is_stored_beside_and_under_the_seal_stays_what_it_was() -> None:
    """Key ids and associated data are stored data: made otherwise, no box of an earlier release would open."""
    sealed = Keyring([OLD]).seal(PLAIN, Context("totp secret", row=7, employee=8))

    assert "26e11897" == sealed.key_id == Keyring([OLD]).newest_id
    assert PLAIN == AESGCM(OLD).decrypt(sealed.box[:12], sealed.box[12:], b"v1|totp secret|7|8")


def test_a_bound_box_needs_the_secret_too() -> None:
    """HKDF over key and token: database and keyring together don't open it."""
    keyring = Keyring([OLD])
    sealed = keyring.bound_to("raw token", purpose="shown").seal(PLAIN, CONTEXT)

    assert PLAIN == keyring.bound_to("raw token", purpose="shown").open(sealed, CONTEXT)
    for other in (keyring, keyring.bound_to("raw tokem", purpose="shown"), keyring.bound_to("raw token", purpose="x")):
        with pytest.raises(CannotOpenError):
            other.open(sealed, CONTEXT)


def test_a_bound_box_names_the_key_it_comes_from() -> None:
    """So that rotation knows what may still need an old key, and nobody tells two secrets apart by their ids."""
    keyring = Keyring([NEW, OLD])

    assert keyring.newest_id == keyring.bound_to("raw token", purpose="shown").newest_id


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


@pytest.mark.parametrize("ids", [["one"], ["one", "two", "three"]])
def test_a_keyring_with_a_name_too_few_or_too_many_is_not_made(ids: list[str]) -> None:
    """A key would be lost in silence, and with it what it sealed."""
    with pytest.raises(ValueError, match="zip"):
        Keyring([NEW, OLD], ids=ids)


@pytest.mark.parametrize("text", [base64.urlsafe_b64encode(key).decode() for key in (OLD, NEW, b"\xff" * 32)])
def test_a_key_is_read_with_or_without_padding(text: str) -> None:
    """URL-safe base64, as the settings page says."""
    assert base64.urlsafe_b64decode(text) == parse_key(text) == parse_key(text.rstrip("=")) == parse_key(f" {text}\n")


@pytest.mark.parametrize("text", ["x", "äöü", "A" * 101, "not base64 at all", "A" * 20 + "!? *" + "A" * 23])
def test_what_is_not_base64_is_no_key(text: str) -> None:
    """Nothing is skipped to make a key of it."""
    with pytest.raises(ValueError, match=r"^it is not URL-safe base64$"):
        parse_key(text)


@pytest.mark.parametrize(("text", "size"), [("", 0), ("=" * 43, 0), ("A" * 42, 31), ("A" * 44, 33), ("A" * 100, 75)])
def test_a_key_has_256_bits(text: str, size: int) -> None:
    """A clear error instead of a weak key."""
    with pytest.raises(ValueError, match=f"^it has {size} bytes, not 32$"):
        parse_key(text)


@pytest.mark.parametrize("text", ["a seed", "Zürich", "half a pair \ud800"])
def test_a_signature_is_hmac_sha_256_under_the_newest_key(text: str) -> None:
    """By an independent calculation, over the purpose as well; 43 characters that an address takes as they are."""
    message = f"signature|link|{text}".encode("utf-8", "surrogatepass")
    expected = base64.urlsafe_b64encode(hmac.digest(NEW, message, hashlib.sha256)).decode()[:43]

    assert expected == Keyring([NEW, OLD]).signature(text, purpose="link")


def test_the_signatures_of_all_keys_are_known_the_newest_first() -> None:
    """For what is derived from a signature, and compared once the keys may have changed."""
    signed = [Keyring([key]).signature("text", purpose="link") for key in (NEW, OLD)]

    assert signed == Keyring([NEW, OLD]).signatures("text", purpose="link")
    assert signed != Keyring([NEW, OLD]).signatures("text", purpose="another")


def test_what_any_key_of_the_ring_signed_is_known() -> None:
    """A new key in front voids no link that is under way; a key that is taken out does."""
    signature = Keyring([OLD]).signature("a seed", purpose="link")

    assert Keyring([OLD]).has_signed("a seed", signature, purpose="link")
    assert Keyring([NEW, OLD]).has_signed("a seed", signature, purpose="link")
    assert not Keyring([NEW]).has_signed("a seed", signature, purpose="link")


@pytest.mark.parametrize("text", ["a seed", "half a pair \ud800"])
def test_a_signature_is_good_for_its_text_and_purpose_only(text: str) -> None:
    """Whatever is sent in its place is an answer, not an error."""
    keyring = Keyring([OLD])
    signature = keyring.signature(text, purpose="link")

    assert keyring.has_signed(text, signature, purpose="link")
    assert not keyring.has_signed("another", signature, purpose="link")
    assert not keyring.has_signed(text, signature, purpose="notice")
    for forged in ("", signature[:-1], f"{signature}=", signature.swapcase(), "\ud800" * 43, "ü"):
        assert not keyring.has_signed(text, forged, purpose="link"), forged
