"""Mail as a file for each message, where no server is set: for development and tests."""

import os
from pathlib import Path

from flask import Flask

from webapp.core.notices.flows import Mail
from webapp.core.sealing import Keyring
from webapp.mail import Transport
from webapp.mail.compose import compose
from webapp.settings import Settings


def file_transport(app: Flask, settings: Settings, keyring: Keyring, folder: Path) -> Transport:
    """Writes each mail to an ``.eml`` file in *folder*, readable by its owner only; raises OSError."""

    def send(mail: Mail) -> None:
        with app.app_context():
            message = compose(mail, settings, keyring)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The same mail has the same name: sent again after a crash, it is still one file.
        name = f"{mail.facts['at'][:19].replace(':', '')}-{mail.notice}-{mail.message_id[:8]}.eml"
        aside = folder / f".{name}"
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(message.as_bytes())
        aside.replace(folder / name)

    return send
