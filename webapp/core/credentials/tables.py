"""Stored shape of what somebody who forgot the password asked for, until it is answered by mail or by nothing."""

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.database import Base


class RecoveryRequest(Base):
    """One request at an address that anybody may have typed. Points at nobody: it is stored before a look for anybody.

    *digest* is the keyed one of the address, and *place* the request's among those of an hour; *typed* is emptied when
    it is resolved.
    """

    __tablename__ = "recovery_requests"
    __table_args__ = (
        UniqueConstraint("digest", "place"),
        Index("ix_recovery_requests_resolved_at_id", "resolved_at", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    place: Mapped[int]
    typed: Mapped[str] = mapped_column(String(254))
    address: Mapped[str] = mapped_column(String(64))
    user_agent: Mapped[str] = mapped_column(String(256))
    asked_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
