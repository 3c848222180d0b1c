"""Stored shape of repair passes: what their halves are judged by, and neither half."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.database import Base


class RepairPass(Base):
    """*seed* what the mailed half is derived from; *read_half_signature* over the other one, "" until it is made.

    *end_reason* "used" or why it is void; seed and signature are "" from then on.
    """

    __tablename__ = "repair_passes"

    id: Mapped[int] = mapped_column(primary_key=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id"), index=True)
    case_id: Mapped[int] = mapped_column(index=True)
    seed: Mapped[str] = mapped_column(String(64))
    read_half_signature: Mapped[str] = mapped_column(String(64), default="")
    read_half_at: Mapped[datetime | None]
    issued_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str] = mapped_column(String(32), default="")
