"""What servers and the flask command load."""

from webapp import create_app
from webapp.mail.beside import deliver_beside

app = create_app()
deliver_beside(app)
