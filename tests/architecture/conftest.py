"""What walks the routes holds in hand what tests of the web do, on an application of its own."""

from tests.web.conftest import clock, engine, product

__all__ = ["clock", "engine", "product"]
