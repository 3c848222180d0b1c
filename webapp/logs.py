"""What server and commands tell the operator's log system: one JSON object a line, on standard error.

ASCII, so that nothing typed into a form can end a line or move a terminal's cursor (ASVS 16.4.1). No secret gets here:
statements are logged without their values, events with what the audit may hold.
"""

import json
import logging
import math
import sys
from datetime import UTC, datetime

LOGGER = "webapp"
LIMITER = "flask-limiter"


def configure() -> None:
    """Have everything below the logger "webapp" written so, and what the limiter complains of; once, however often."""
    for name, level in ((LOGGER, logging.INFO), (LIMITER, logging.WARNING)):
        logger = logging.getLogger(name)
        if any(isinstance(handler.formatter, JsonLines) for handler in logger.handlers):
            continue
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonLines())
        logger.addHandler(handler)
        logger.setLevel(level)
    if not logging.getLogger(LIMITER).filters:
        logging.getLogger(LIMITER).addFilter(OnceAMinute())


class OnceAMinute(logging.Filter):
    """Lets one record through a minute: a storage that is away is told of, not at every request."""

    def __init__(self) -> None:
        super().__init__()
        self._last_s = -math.inf

    def filter(self, record: logging.LogRecord) -> bool:
        is_due = record.created >= self._last_s + 60
        if is_due:
            self._last_s = record.created
        return is_due


class JsonLines(logging.Formatter):
    """Time in UTC, level, logger and message; then the record's own ``facts``, and a traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
