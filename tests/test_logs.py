"""The operator's log: one object a line, whatever was typed."""

import json
import logging
import sys

from webapp import logs


def test_a_line_is_one_json_object_in_ascii() -> None:
    """CR, LF, ANSI, separators of lines and half surrogates stay inside their string (ASVS 16.4.1)."""
    odd = 'a\r\n{"message": "b"}\x1b[31m\u2028\udc80"\\'
    record = logging.LogRecord("webapp.x", logging.WARNING, __file__, 1, "%s", (odd,), None)
    record.facts = {"user_agent": odd, "details": {"count": 2}}

    text = logs.JsonLines().format(record)

    assert text.isascii()
    assert text.isprintable()
    line = json.loads(text)
    assert (odd, odd, {"count": 2}) == (line["message"], line["user_agent"], line["details"])
    assert ("warning", "webapp.x") == (line["level"], line["logger"])
    assert line["at"].endswith("+00:00")


def test_an_error_keeps_its_traceback_in_the_same_line() -> None:
    """So that a log system sees one event, not forty lines."""
    try:
        raise RuntimeError("broken\npromise")
    except RuntimeError:
        record = logging.LogRecord("webapp", logging.ERROR, __file__, 1, "x", (), sys.exc_info())

    line = json.loads(logs.JsonLines().format(record))

    assert "RuntimeError: broken\npromise" in line["exception"]


def test_configuring_twice_writes_once() -> None:
    """Several applications may be made in one process."""
    logs.configure()
    logs.configure()

    handlers = logging.getLogger(logs.LOGGER).handlers
    assert 1 == len([handler for handler in handlers if isinstance(handler.formatter, logs.JsonLines)])
