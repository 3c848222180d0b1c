"""The languages people are addressed in, and the catalogues behind them.

Decides which languages there are and reads ``translations/``; the texts stand where they are shown, in English. Pages
are English so far: only mails are written in their reader's language.
"""

from functools import cached_property
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask
from flask_babel import Babel, Domain, get_locale

NAMES = {"en": "English", "de": "Deutsch", "fr": "Français", "it": "Italiano"}
"""Each in its own words, by the code that is stored for a person."""

DEFAULT = "en"
"""The language of the texts in the source, so the one without a catalogue."""

CATALOGUES = Path(__file__).parent.parent / "translations"


def register(app: Flask) -> None:
    """Give *app* and its templates gettext; English unless ``flask_babel.force_locale`` says otherwise."""
    _Languages(app, default_locale=DEFAULT, locale_selector=lambda: DEFAULT)


def known(language: str | None) -> str:
    """*language* where there is one of that code, else English: a mail must not fail for what an old row says."""
    return language if language in NAMES else DEFAULT


def read_catalogue(folder: Path, language: str) -> NullTranslations:
    """The texts of *language* as gettext asks for them.

    Read from the ``.po`` file itself: a compiled ``.mo`` is one more file to be forgotten, and where it is missing,
    Flask-Babel shows English. Raises OSError where there is no catalogue, PoFileError where it can't be read.
    """
    if language == DEFAULT:
        return NullTranslations()
    with (folder / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


class _Catalogues(Domain):
    """Each catalogue is read once a process, when its language is first asked for: some 20 ms."""

    def get_translations(self) -> NullTranslations:
        language = str(get_locale())
        if language not in self.cache:
            self.cache[language] = read_catalogue(CATALOGUES, language)
        return self.cache[language]


class _Languages(Babel):
    @cached_property
    def domain_instance(self) -> Domain:
        return _Catalogues()
