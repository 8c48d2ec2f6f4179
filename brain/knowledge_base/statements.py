"""The writes of the knowledge base, one SQL statement each, so that each is one round trip and one transaction.

They run on raw psycopg connections. Those of a run's owner carry its `attempt` and touch nothing where the row has
another one: `run` is then empty, and so is everything that is written from it.
"""

# ruff: noqa: S608 - statements are put together from constants of this file only; values are parameters

from collections.abc import Iterable

__all__ = [
    "ANSWER",
    "APPROVE",
    "BEAT",
    "CACHED",
    "CANCEL",
    "CLAIM",
    "HEARTBEAT_SECONDS",
    "ITEM_VALUES",
    "MARK_STALE",
    "OWNERS",
    "RATE",
    "RECORD",
    "SETTLE",
    "SET_EMBEDDING",
    "SET_PLAN",
    "STEPS",
    "STEP_RESULTS",
    "TOOL_HISTORY",
    "insert_run",
]

HEARTBEAT_SECONDS = 15
"""Without a heartbeat for so long, by the server's clock, a run's owner counts as gone."""

HISTORY_STEPS = 100
HISTORY_ITEMS = 20
"""The newest steps of a tool, and of each `foreach` step so many items, that an estimate rests on."""

SILENT = f"coalesce(heartbeat_at, created_at) < now() - interval '{HEARTBEAT_SECONDS} seconds'"
ABANDONED = f"""
(status = 'running' OR (status = 'queued' AND owner IS NOT NULL)) AND ({SILENT} OR owner = ANY(%(gone)s::text[]))
"""
"""`gone`: owners that the asking process has seen to be dead on its own machine."""


def _interrupt_steps(source: str) -> str:
    """Common table expressions: what was running in the runs of `source` has an unknown outcome."""
    return ",".join(
        f"""
{table}_left AS (
    UPDATE brain.{table} SET status = 'interrupted', finished_at = now()
    WHERE run_id IN (SELECT id FROM {source}) AND status = 'running'
)"""
        for table in ("steps", "step_items")
    )


OWNERS = "SELECT DISTINCT owner FROM brain.runs WHERE status IN ('queued', 'running') AND owner IS NOT NULL"

BACKUP = """
    INSERT INTO brain.tools_backup (name, hash, definition)
    SELECT tool.* FROM run, jsonb_to_recordset(%(tools)s::jsonb) AS tool (name text, hash text, definition jsonb)
    ON CONFLICT DO NOTHING
"""


def insert_run(columns: Iterable[str]) -> str:
    """A new row with these columns; one that has an owner begins with a heartbeat by the server's clock."""
    listed = ", ".join(columns)
    return f"""
WITH run AS (
    INSERT INTO brain.runs ({listed}, started_at, heartbeat_at)
    SELECT {listed}, coalesce(started_at, CASE WHEN status = 'running' THEN now() END),
        coalesce(heartbeat_at, CASE WHEN owner IS NOT NULL THEN now() END)
    FROM jsonb_populate_record(NULL::brain.runs, %(row)s::jsonb)
    ON CONFLICT (id) DO NOTHING
    RETURNING id
), backup AS ({BACKUP})
SELECT id FROM run
"""


SPENT = "tokens_in = %(tokens_in)s, tokens_out = %(tokens_out)s, cost_usd = %(cost_usd)s::float8"
"""What the run has taken in all its attempts: its owner knows, and says so with each of its writes."""

SET_PLAN = f"""
WITH run AS (
    UPDATE brain.runs
    SET spec = %(spec)s::jsonb, name = %(name)s, planner = %(planner)s, tool_versions = %(tool_versions)s::jsonb,
        notes = %(notes)s::jsonb, provenance = %(provenance)s::jsonb, {SPENT}
    WHERE id = %(run_id)s AND attempt = %(attempt)s
    RETURNING id
), backup AS ({BACKUP})
SELECT id FROM run
"""

STATE_COLUMNS = (
    "status", "arguments", "result", "error", "fingerprint", "tries", "tokens_in", "tokens_out", "cost_usd",
    "cached_from", "started_at", "finished_at",
)  # fmt: skip


def _upsert(table: str, key: str, columns: tuple[str, ...], condition: str) -> str:
    listed = ", ".join(columns)
    changes = ", ".join(f"{column} = excluded.{column}" for column in (*columns, "attempt"))
    return f"""
    INSERT INTO brain.{table} (run_id, attempt, {key}, {listed})
    SELECT run.id, %(attempt)s, {key}, {listed} FROM run, entry WHERE {condition}
    ON CONFLICT (run_id, {key}) DO UPDATE SET {changes}
"""


RECORD = f"""
WITH run AS (
    SELECT id FROM brain.runs WHERE id = %(run_id)s AND attempt = %(attempt)s FOR SHARE
), entry AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
        step_id text, item integer, items integer, position integer, tool text, tool_version text, status text,
        arguments jsonb, result jsonb, error text, fingerprint text, tries integer, tokens_in integer,
        tokens_out integer, cost_usd double precision, cached_from uuid, started_at timestamptz, finished_at timestamptz
    )
), whole AS ({_upsert("steps", "step_id", ("position", "tool", "tool_version", *STATE_COLUMNS), "item IS NULL")}
), pieces AS ({_upsert("step_items", "step_id, item", STATE_COLUMNS, "item IS NOT NULL")}
), counted AS MATERIALIZED (
    SELECT step_id, items FROM entry WHERE items IS NOT NULL
), surplus AS (
    DELETE FROM brain.step_items AS old USING run, counted
    WHERE old.run_id = run.id AND old.step_id = counted.step_id AND old.item >= counted.items
)
SELECT id FROM run
"""
"""`items`: an earlier attempt may have had more of them.

FOR SHARE: whoever wants to take the run over waits until these rows are in, or these rows are refused."""

BEAT = f"""
UPDATE brain.runs
SET heartbeat_at = now(), {SPENT}, last_seq = greatest(last_seq, %(last_seq)s),
    progress_backend = coalesce(%(backend)s::text, progress_backend)
WHERE id = %(run_id)s AND attempt = %(attempt)s
RETURNING cancel_requested_at IS NOT NULL
"""

CANCELLED_WHILE_IT_CAME_TO_REST = "%(status)s = 'waiting' AND cancel_requested_at IS NOT NULL"
SETTLE = f"""
WITH run AS (
    UPDATE brain.runs
    SET status = CASE WHEN {CANCELLED_WHILE_IT_CAME_TO_REST} THEN 'cancelled' ELSE %(status)s END,
        outputs = %(outputs)s::jsonb, answer = %(answer)s::text, error = %(error)s::text,
        score = %(score)s::float8, checks = %(checks)s::jsonb,
        notes = notes || CASE WHEN owner IS NOT NULL THEN %(notes)s::jsonb ELSE '[]'::jsonb END,
        waiting_for = CASE WHEN {CANCELLED_WHILE_IT_CAME_TO_REST} THEN NULL ELSE %(waiting_for)s::jsonb END,
        {SPENT},
        last_seq = greatest(last_seq, %(last_seq)s),
        progress_backend = coalesce(%(backend)s::text, progress_backend),
        owner = NULL, heartbeat_at = now(),
        finished_at = CASE WHEN %(is_final)s OR {CANCELLED_WHILE_IT_CAME_TO_REST} THEN now() END
    WHERE id = %(run_id)s AND attempt = %(attempt)s
    RETURNING id, status
),{_interrupt_steps("run")}
SELECT status FROM run
"""
"""Somebody may want to cancel between the last heartbeat and this; nobody else would look at it in a waiting run."""

SET_EMBEDDING = """
UPDATE brain.runs SET embedding = %(vector)s::vector, embedding_model = %(model)s WHERE id = %(run_id)s RETURNING id
"""

APPROVE = """
UPDATE brain.runs SET approvals = ARRAY(SELECT DISTINCT unnest(approvals || %(hashes)s::text[]))
WHERE id = %(run_id)s RETURNING id
"""

ANSWER = """
UPDATE brain.runs SET answers = answers || %(answers)s::jsonb
WHERE id = %(run_id)s AND attempt = %(attempt)s AND status = 'waiting' RETURNING id
"""

CLAIM = f"""
WITH run AS (
    UPDATE brain.runs
    SET attempt = attempt + 1, owner = %(owner)s, status = 'running', heartbeat_at = now(), cancel_requested_at = NULL,
        budget = coalesce(%(budget)s::text, budget), deadline = coalesce(%(deadline)s::text, deadline),
        waiting_for = NULL, error = NULL, finished_at = NULL, started_at = coalesce(started_at, now())
    WHERE id = %(run_id)s AND (status = ANY(%(statuses)s::text[]) OR ({ABANDONED}))
    RETURNING id, attempt, last_seq, tokens_in, tokens_out, cost_usd, budget, deadline, approvals
),{_interrupt_steps("run")}
SELECT attempt, last_seq, tokens_in, tokens_out, cost_usd, budget, deadline, approvals FROM run
"""
"""Of two who claim at once the second waits for the row, then finds it running with a fresh heartbeat."""

CANCEL = f"""
WITH was AS (
    SELECT id, status = 'running' AND owner IS NOT NULL AND NOT ({ABANDONED}) AS is_live
    FROM brain.runs
    WHERE id = %(run_id)s AND status IN ('queued', 'running', 'waiting')
    FOR UPDATE
), run AS (
    UPDATE brain.runs AS runs
    SET cancel_requested_at = coalesce(cancel_requested_at, now()),
        status = CASE WHEN is_live THEN status ELSE 'cancelled' END,
        attempt = CASE WHEN is_live THEN attempt ELSE attempt + 1 END,
        owner = CASE WHEN is_live THEN owner END,
        waiting_for = CASE WHEN is_live THEN waiting_for END,
        finished_at = CASE WHEN is_live THEN finished_at ELSE now() END
    FROM was WHERE runs.id = was.id
    RETURNING runs.id, status
), dead AS (
    SELECT id FROM run WHERE status = 'cancelled'
),{_interrupt_steps("dead")}
SELECT status, pg_notify(%(channel)s, id::text) FROM run
"""
"""The attempt is raised with an owner that is gone: should it only have slept, it finds its writes refused."""

MARK_STALE = f"""
WITH run AS (
    UPDATE brain.runs
    SET status = CASE WHEN cancel_requested_at IS NULL THEN 'interrupted' ELSE 'cancelled' END,
        error = 'The process that ran it is gone; what its steps had done is kept. Run it again.',
        attempt = attempt + 1, owner = NULL, finished_at = now()
    WHERE {ABANDONED}
    RETURNING id
),{_interrupt_steps("run")}
SELECT id FROM run
"""


def _read(table: str, item: str) -> str:
    states = ", ".join(f"{table}.{column}{'::text' * (column in {'arguments', 'result'})}" for column in STATE_COLUMNS)
    return f"SELECT position, step_id, {item}, tool, tool_version, {states}"


STEPS = f"""
{_read("steps", "NULL::integer AS item")} FROM brain.steps WHERE run_id = %(run_id)s
"""

ITEM_VALUES = """
SELECT step_id, item,
    CASE WHEN status = 'failed' THEN jsonb_build_object('error', error)::text ELSE result::text END
FROM brain.step_items WHERE run_id = %(run_id)s
"""
"""What the items add to the results of their steps, in no order."""

STEP_RESULTS = f"""
{STEPS}
UNION ALL
{_read("step_items", "item")} FROM brain.step_items JOIN brain.steps USING (run_id, step_id) WHERE run_id = %(run_id)s
"""
"""In no order: PostgreSQL would sort the results along with the keys, on disk where they are large."""

TOOL_HISTORY = f"""
SELECT tool, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY tokens_in), percentile_cont(0.5) WITHIN GROUP (ORDER BY tokens_out)
FROM unnest(%(tools)s::text[]) AS tool CROSS JOIN LATERAL (
    SELECT extract(epoch FROM call.finished_at - call.started_at)::float8 AS seconds,
        call.tokens_in::float8, call.tokens_out::float8
    FROM (
        SELECT * FROM brain.steps WHERE steps.tool = tool.tool ORDER BY run_id DESC LIMIT {HISTORY_STEPS}
    ) AS step CROSS JOIN LATERAL (
        SELECT step.status, step.started_at, step.finished_at, step.tokens_in, step.tokens_out
        WHERE step.fingerprint IS NOT NULL
        UNION ALL
        (SELECT status, started_at, finished_at, tokens_in, tokens_out FROM brain.step_items AS item
        WHERE item.run_id = step.run_id AND item.step_id = step.step_id LIMIT {HISTORY_ITEMS})
    ) AS call
    WHERE call.status = 'succeeded' AND call.finished_at IS NOT NULL
) AS calls
GROUP BY tool
"""
"""A step with a fingerprint is one call; a `foreach` step has none, its items are the calls."""

CACHED = """
SELECT result, extract(epoch FROM now() - finished_at)::float8, run_id FROM (
    (SELECT result, finished_at, run_id FROM brain.steps
    WHERE fingerprint = %(fingerprint)s AND status = 'succeeded' ORDER BY finished_at DESC LIMIT 1)
    UNION ALL
    (SELECT result, finished_at, run_id FROM brain.step_items
    WHERE fingerprint = %(fingerprint)s AND status = 'succeeded' ORDER BY finished_at DESC LIMIT 1)
) AS found ORDER BY finished_at DESC LIMIT 1
"""

RATE = """
WITH rated AS (
    UPDATE brain.runs SET feedback = coalesce(nullif(%(comment)s::text, ''), feedback)
    WHERE id = %(run_id)s
    RETURNING id
), kept AS (
    INSERT INTO brain.ratings (id, run_id, stars, comment) SELECT %(id)s, id, %(stars)s, %(comment)s FROM rated
    ON CONFLICT (id) DO NOTHING
)
SELECT id FROM rated
"""
