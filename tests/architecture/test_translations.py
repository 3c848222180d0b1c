"""Every text has its German, French and Italian, and each keeps to what its catalogue's head says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError, read_po

from webapp.web import languages

ROOT = Path(__file__).parent.parent.parent
TRANSLATIONS = ROOT / "webapp" / "translations"
TRANSLATED = sorted(languages.NAMES.keys() - {languages.DEFAULT})
EXTRACT = re.search(r"extract (.*?)--output", (ROOT / "Makefile").read_text(), re.DOTALL)

TERMS = {
    "two-factor": ("Zwei-Faktor-Authentifizierung", "authentification à deux facteurs", "autenticazione a due fattori"),
    "authenticator app": ("Authenticator-App", "applications? d’authentification", "app di autenticazione"),
    "backup codes?": ("Backup-Codes?", "codes? de secours", "codic[ei] di backup"),
}
FAMILIAR = {
    "de": r"\b(du|dich|dir|dein\w*)\b|ß",
    "fr": r"\b(tu|te|toi|ton|ta|tes)\b|'|[^\u00a0][:;?!»](?!\w)|«[^\u00a0]",
    "it": r"\b([Tt]u|[Tt]i|[Tt]uo\w*|[Tt]ua|tuoi|tue)\b|\b(suo|sua|suoi|sue)\b|'",
}
"""What nobody is addressed with, and what a typesetter of that language would mark."""


def test_the_template_holds_every_text_of_code_and_templates(tmp_path: Path) -> None:
    """As `make translations` finds them; it was run after the last change of a text."""
    found = tmp_path / "messages.pot"
    assert EXTRACT
    options = EXTRACT[1].replace("\\\n", " ").split()
    pybabel = [sys.executable, "-m", "babel.messages.frontend", "--quiet", "extract"]
    subprocess.run([*pybabel, *options, "--output", str(found), "."], cwd=ROOT, check=True, timeout=60)

    assert (TRANSLATIONS / "messages.pot").read_text() == found.read_text(), "run: make translations"


def test_every_language_that_is_offered_has_a_catalogue_and_the_reverse() -> None:
    """A choice in the profile that shows English would be a lie."""
    assert TRANSLATED == sorted(path.parts[-3] for path in TRANSLATIONS.rglob("*.po"))


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_and_none_by_a_guess(language: str) -> None:
    """Each text of the template, in each plural form, not fuzzy; and none that nothing shows any more."""
    catalogue, template = _catalogue(language), _texts(_read(TRANSLATIONS / "messages.pot"))

    named = [[(message.context, message.id) for message in texts] for texts in (template, _texts(catalogue))]
    assert named[0] == named[1]
    assert not catalogue.obsolete
    for message in _texts(catalogue):
        assert not message.fuzzy, message.id
        assert catalogue.num_plurals == len(_forms(message)) or not message.pluralizable
        assert all(form.strip() for form in _forms(message)), message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_placeholder_is_kept(language: str) -> None:
    """The same ones in every form, but for a singular that says "one"; and no catalogue brings markup."""
    for message in _texts(_catalogue(language)):
        originals = message.id if message.pluralizable else (message.id,)
        for original, form in zip(originals, _forms(message), strict=True):
            assert _placeholders(original) - {"num"} == _placeholders(form) - {"num"}, message.id
            assert not re.search(r"%(?!\(\w+\)s)|<|&", form), message.id
        assert _placeholders(originals[-1]) == _placeholders(_forms(message)[-1]), message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_same_thing_has_the_same_name_everywhere(language: str) -> None:
    """The words that people must find again on the page, on the phone and on paper."""
    for message in _texts(_catalogue(language)):
        for english, others in TERMS.items():
            if re.search(english, str(message.id), re.IGNORECASE):
                term = others[TRANSLATED.index(language)]
                assert all(re.search(term, form, re.IGNORECASE) for form in _forms(message)), message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_people_are_addressed_formally(language: str) -> None:
    """Sie, vous, Lei; with the signs that the language sets."""
    for message in _texts(_catalogue(language)):
        if not _is_a_pattern(message):
            for form in _forms(message):
                assert not re.search(FAMILIAR[language], form), form


@pytest.mark.parametrize("broken", ["", '<<<<<<< HEAD\nmsgid "one"\nmsgstr "eins"\n'])
def test_a_catalogue_that_is_missing_or_broken_is_an_error(tmp_path: Path, broken: str) -> None:
    """Never English in silence."""
    if broken:
        (tmp_path / "de" / "LC_MESSAGES").mkdir(parents=True)
        (tmp_path / "de" / "LC_MESSAGES" / "messages.po").write_text(broken)

    with pytest.raises((OSError, PoFileError)):
        languages.read_catalogue(tmp_path, "de")


def _catalogue(language: str) -> Catalog:
    return _read(TRANSLATIONS / language / "LC_MESSAGES" / "messages.po", language)


def _read(file: Path, language: str | None = None) -> Catalog:
    with file.open("rb") as opened:
        return read_po(opened, locale=language, abort_invalid=True)


def _texts(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def _forms(message: Message) -> tuple[str, ...]:
    return tuple(message.string) if message.pluralizable else (message.string,)


def _placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s", text))


def _is_a_pattern(message: Message) -> bool:
    return any("pattern" in comment for comment in message.auto_comments)
