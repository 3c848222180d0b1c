"""E-mail addresses: which are one account, which are taken, how one is shown."""

import pytest

from webapp.core.accounts.rules import deliverable_email, email_key, folded, masked_email, storable, valid_email


@pytest.mark.parametrize(
    "typed",
    [
        "kim@studio.example",
        "KIM@Studio.Example",
        " kim@studio.example\n",
        "\u212aim@studio.example",
        "ｋｉｍ@studio.example",
        "kim@ſtudio.example",
        "kim@studio\uff0eexample",
    ],
)
def test_one_account_however_it_is_typed(typed: str) -> None:
    """Case, blanks, a Kelvin sign for k, a long s, full-width letters: one key (D-70)."""
    assert "kim@studio.example" == email_key(typed)


@pytest.mark.parametrize(
    ("one", "other"), [("straße@x.example", "STRASSE@x.example"), ("é@x.example", "e\u0301@x.example")]
)
def test_foldings_of_the_same_address_are_one_account(one: str, other: str) -> None:
    """Sharp s and its capital form; composed and decomposed accents."""
    assert email_key(one) == email_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("kim@x.example", "kım@x.example"), ("kim@x.example", "kim@y.example"), ("kim@x.example", "kim+a@x.example")],
)
def test_different_addresses_stay_different(one: str, other: str) -> None:
    """A dotless i is another letter: mail to it goes elsewhere."""
    assert email_key(one) != email_key(other)


@pytest.mark.parametrize("text", ["", "\x00", "\udc80", "a" * 100_000, "\ufdfa" * 1000])
def test_a_key_is_made_of_any_text_and_keyed_again_is_the_same(text: str) -> None:
    """Looking an address up never raises, and a stored key finds itself."""
    assert email_key(text) == email_key(email_key(text))


@pytest.mark.parametrize(
    ("text", "found_as"),
    [
        (" Müller\n", "muller"),
        ("mu\u0308ller", "muller"),
        ("STRASSE", "strasse"),
        ("straße", "strasse"),
        ("Ærø Ｃo", "ærø co"),
        ("a\x00b", "a\ufffdb"),
    ],
)
def test_names_are_sorted_and_searched_without_case_and_accents(text: str, found_as: str) -> None:
    """Composed or not; a letter of its own stays one."""
    assert found_as == folded(text)


def test_what_no_database_takes_is_replaced_letter_by_letter() -> None:
    """A NUL or half a surrogate is a question mark in a diamond, and all else stays (D-88)."""
    assert "a\ufffdb\ufffdc\ufffd\U0001f600" == storable("a\x00b\ud800c\udfff\U0001f600")


@pytest.mark.parametrize("text", ["lea@studio.example", "o'hara+x@studio.example", "juerg@straße.example"])
def test_ordinary_addresses_are_taken(text: str) -> None:
    """No DNS is asked, so example domains pass."""
    assert valid_email(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lea",
        "@x.example",
        "lea@",
        "a b@x.example",
        "lea@x.example\r\nBcc: y@z.example",
        "a" * 300 + "@x.example",
        "jürg@x.example",
    ],
)
def test_what_is_no_address_is_not_taken(text: str) -> None:
    """A line end would be a header of a mail; a letter beyond ASCII before the @ is one that few servers deliver to."""
    assert valid_email(text) is None


@pytest.mark.parametrize(
    ("email", "ascii_email"),
    [("lea@studio.example", "lea@studio.example"), ("lea@straße.example", "lea@xn--strae-oqa.example")],
)
def test_mail_goes_to_the_ascii_form_of_an_address(email: str, ascii_email: str) -> None:
    """Never to "strasse", which is somebody else's domain."""
    assert ascii_email == deliverable_email(email)


def test_mail_never_goes_to_an_address_that_few_servers_take() -> None:
    """One with a letter beyond ASCII before the @, wherever it came from, is an error and no address."""
    with pytest.raises(ValueError, match="before the @-sign"):
        deliverable_email("jürg@studio.example")


@pytest.mark.parametrize(
    ("email", "masked"),
    [
        ("lea@studio.example", "le…@st….example"),
        ("a@b.ch", "a…@b….ch"),
        ("lea@mail.studio.example", "le…@ma….example"),
        ("root@mailhost", "ro…@mailhost"),
    ],
)
def test_a_masked_address_is_known_to_its_owner_only(email: str, masked: str) -> None:
    """Two letters of each part and the ending."""
    assert masked == masked_email(email)
