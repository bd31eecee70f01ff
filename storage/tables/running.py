"""What the program itself keeps: audit, jobs, counters, erasures."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)

from storage.columns import Id, Instant
from storage.tables.base import DELETED, EMPTIED, NOBODYS, id_column, table

audit = table(
    "audit",
    id_column(),
    Column("at", Instant, nullable=False),
    Column("actor_kind", String(8), nullable=False),
    Column("actor_id", Id),
    Column("action", String(32), nullable=False),
    Column("subject_kind", String(16), nullable=False),
    Column("subject_id", BigInteger, nullable=False),
    Column("customer_id", Id, ForeignKey("customers.id"), index=True),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
    erasure=EMPTIED,
)
Index("ix_audit_subject", audit.c.subject_kind, audit.c.subject_id)
Index("ix_audit_at", audit.c.at, audit.c.customer_id)

jobs = table(
    "jobs",
    id_column(),
    Column("kind", String(16), nullable=False),
    Column("ref", BigInteger, nullable=False),
    Column("state", String(8), nullable=False, server_default="open", comment="open, done or failed"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", Instant, nullable=False),
    Column("error", Text),
    UniqueConstraint("kind", "ref"),
    erasure=NOBODYS,
)
Index("ix_jobs_due", jobs.c.due_at, sqlite_where=text("state = 'open'"), postgresql_where=text("state = 'open'"))

counters = table(
    "counters",
    Column("name", String(32), primary_key=True),
    Column("last", BigInteger, nullable=False),
    erasure=NOBODYS,
)

erasures = table(
    "erasures",
    Column("customer_id", Id, primary_key=True, autoincrement=False),
    Column("erased_at", Instant, nullable=False),
    erasure=NOBODYS,
)

approvals = table(
    "approvals",
    id_column(),
    Column("kind", String(24), nullable=False),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
    Column("case_id", Id, ForeignKey("cases.id")),
    Column("asked", JSON(none_as_null=True), comment="what is done once a second person agrees"),
    Column("asked_by", Id, ForeignKey("staff_members.id"), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("state", String(8), nullable=False, server_default="open", comment="open, agreed, refused or expired"),
    Column("decided_by", Id, ForeignKey("staff_members.id")),
    Column("decided_at", Instant),
    erasure=EMPTIED,
)
_UNDECIDED = text("state = 'open'")
Index("ix_approvals_expires_at", approvals.c.expires_at, sqlite_where=_UNDECIDED, postgresql_where=_UNDECIDED)

files = table(
    "files",
    id_column(),
    Column("customer_id", Id, ForeignKey("customers.id"), index=True),
    Column("kind", String(16), nullable=False, comment="what is made: a voucher's QR code, a statement, mydata"),
    Column("recipe", JSON(none_as_null=True), comment="what it is made from, and where it is sent"),
    Column("name", Text, nullable=False),
    Column("mime", String(64), nullable=False),
    Column("content", LargeBinary),
    Column("wanted_at", Instant, nullable=False),
    Column("dedupe_key", Text, unique=True, comment="the same wish is made and sent once"),
    erasure=DELETED,
)
_KEPT_YET = text("recipe IS NOT NULL")
Index("ix_files_wanted_at", files.c.wanted_at, sqlite_where=_KEPT_YET, postgresql_where=_KEPT_YET)

import_runs = table(
    "import_runs",
    id_column(),
    Column("kind", String(12), nullable=False),
    Column("fingerprint", String(64), nullable=False, comment="SHA-256 of the file and how it was read"),
    Column("lines_done", BigInteger, nullable=False),
    Column("counts", JSON, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    UniqueConstraint("kind", "fingerprint"),
    erasure=NOBODYS,
)
