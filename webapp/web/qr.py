"""The QR code of an otpauth address, made here and sent inside the page: no chart service, no address of its own."""

import base64
import io
from dataclasses import dataclass

import qrcode
from qrcode.constants import ERROR_CORRECT_M

MARGIN_MODULES = 4
LARGEST_PX = 300


@dataclass(frozen=True, slots=True)
class QrCode:
    """*uri* a PNG as data; *size* its width and height in CSS pixels, a whole number for each module."""

    uri: str
    size: int


def draw(text: str) -> QrCode:
    """Dark on white with the quiet zone inside, in every theme: phones fail without either."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=MARGIN_MODULES)
    code.add_data(text)
    code.make(fit=True)
    modules = code.modules_count + 2 * MARGIN_MODULES
    code.box_size = max(2, min(4, LARGEST_PX // modules))
    file = io.BytesIO()
    code.make_image().save(file, "PNG", optimize=True)
    return QrCode(f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}", modules * code.box_size)
