"""What server and commands tell the operator's log system: one JSON object a line, on standard error.

ASCII, so that nothing typed into a form can end a line or move a terminal's cursor (ASVS 16.4.1). No secret gets here:
statements are logged without their values, events with what the audit may hold.
"""

import json
import logging
import sys
from datetime import UTC, datetime

LOGGER = "webapp"


def configure() -> None:
    """Have everything below the logger "webapp" written so; a second call changes nothing."""
    logger = logging.getLogger(LOGGER)
    if not any(isinstance(handler.formatter, JsonLines) for handler in logger.handlers):
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonLines())
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)


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
