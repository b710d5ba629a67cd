"""Lists and searches: the columns and indexes that keep them fast on a million calls.

What was said is indexed by pairs of neighbouring characters: exact for Chinese, where words have no visible ends.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

#: Every two neighbouring characters of each line, the last one of a line with the line's end, so that a single
#: character is found as the beginning of a pair; and the marks, so that a search for a word within a day or a team
#: reads what both have in common and not what either has.
_TERMS = r"""
    CREATE FUNCTION search_terms(said text, marks text[]) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
        SELECT array_to_tsvector(coalesce(array_agg(a || b), '{}') || marks)
        FROM ROWS FROM (
            unnest(string_to_array(said, NULL)),
            unnest(string_to_array(substr(said, 2) || E'\n', NULL))
        ) AS pairs(a, b)
        WHERE a <> E'\n'
    $$
"""

_REPLACED = ("calls_newest", "calls_flagged", "calls_agent")


def upgrade() -> None:
    op.execute(_TERMS)
    _add_columns()
    for index in _REPLACED:
        op.drop_index(index, "calls")
    op.create_index("calls_newest", "calls", ["happened_at", "id"])
    op.create_index("calls_received", "calls", ["received_at", "id"])
    op.create_index("calls_rank", "calls", ["rank", "id"])
    op.create_index("calls_agent", "calls", ["agent_id", "happened_at", "id"])
    op.create_index("calls_team", "calls", ["team", "happened_at", "id"])
    for name, columns, where in (
        ("calls_flagged", ["happened_at", "id"], "flagged"),
        ("calls_status", ["status", "happened_at", "id"], "status <> 'scored'"),
        ("calls_channel", ["channel", "happened_at", "id"], "channel <> 'call'"),
    ):
        op.create_index(name, "calls", columns, postgresql_where=sa.text(where))
    op.create_index(
        "transcripts_said",
        "transcripts",
        [sa.text("search_terms(said, marks)")],
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )


def _add_columns() -> None:
    moment = postgresql.TIMESTAMP(timezone=True)
    happened = sa.Computed("coalesce(started_at, received_at)", persisted=True)
    op.add_column("calls", sa.Column("happened_at", moment, happened, nullable=False))
    rank = sa.Computed("coalesce(score, -1)", persisted=True)
    op.add_column("calls", sa.Column("rank", sa.Double(), rank, nullable=False))
    op.add_column("calls", sa.Column("reviewed_at", moment, nullable=True))
    op.alter_column("transcripts", "text", new_column_name="said")
    # As app.store.search folds it, but for traditional characters, which the recogniser never writes.
    op.execute(r"UPDATE transcripts SET said = lower(regexp_replace(said, '[^[:alnum:]\n]', '', 'g'))")
    op.add_column("transcripts", sa.Column("marks", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.alter_column("transcripts", "marks", server_default=None)
    op.execute("""
        UPDATE transcripts SET marks = array_remove(ARRAY[
            '@h' || floor(extract(epoch FROM happened_at) / 3600)::bigint,
            '@d' || floor(extract(epoch FROM happened_at) / 86400)::bigint,
            '@a' || agent_id, '@t' || team, '@c' || channel
        ], NULL) FROM calls WHERE calls.id = call_id
    """)


def downgrade() -> None:
    op.drop_index("transcripts_said", "transcripts")
    op.drop_column("transcripts", "marks")
    op.alter_column("transcripts", "said", new_column_name="text")
    for index in (*_REPLACED, "calls_received", "calls_rank", "calls_team", "calls_status", "calls_channel"):
        op.drop_index(index, "calls")
    op.drop_column("calls", "rank")
    op.drop_column("calls", "happened_at")
    op.drop_column("calls", "reviewed_at")
    op.create_index("calls_agent", "calls", ["agent_id", "received_at", "id"])
    op.create_index("calls_flagged", "calls", ["received_at", "id"], postgresql_where=sa.text("flagged"))
    op.create_index("calls_newest", "calls", ["received_at", "id"])
    op.execute("DROP FUNCTION search_terms(text, text[])")
