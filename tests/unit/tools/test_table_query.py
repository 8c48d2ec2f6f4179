import datetime as dt
import time

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from brain.errors import ToolError
from brain.tools.sql import collect, run_sql
from brain.tools.table import query


def test_tables_are_joined_by_name():
    people = pa.table({"id": [1, 2], "name": ["Ann", "Bo"]})
    orders = pa.table({"person": [1, 1, 2], "amount": [5, 7, 9]})
    sql = "SELECT name, sum(amount) AS total FROM people JOIN orders ON id = person GROUP BY name ORDER BY name"
    assert query({"people": people, "orders": orders}, sql).to_pylist() == [
        {"name": "Ann", "total": 12},
        {"name": "Bo", "total": 9},
    ]


@pytest.mark.parametrize("sql", ["FROM t", "WITH x AS (SELECT * FROM t) SELECT * FROM x;", "SELECT * FROM t -- all"])
def test_every_way_to_select_is_fine(sql):
    assert query({"t": pa.table({"a": [1]})}, sql).to_pylist() == [{"a": 1}]


def test_results_can_be_kept_as_parquet(tmp_path):
    sql = "SELECT sum(a) AS s, avg(a) AS m, min(d) AS d, list(a) AS l, count(*) AS n FROM t"
    result = query({"t": pa.table({"a": [1, 2], "d": [dt.date(2020, 1, 1)] * 2})}, sql)
    assert str(result.schema.field("s").type) == "int64"
    pq.write_table(result, tmp_path / "x.parquet")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM read_text('{file}')",
        "SELECT * FROM read_blob('{file}')",
        "SELECT * FROM read_parquet('{file}')",
        "SELECT * FROM sniff_csv('{file}')",
        "SELECT * FROM '{file}'",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')",
        "SELECT * FROM query('SELECT * FROM read_text(''{file}'')')",
        "SELECT getenv('HOME')",
        "SELECT secret FROM hidden_variable",
        "SELECT * FROM duckdb_secrets()",
        "COPY t TO '{folder}/stolen.csv'",
        "COPY (SELECT 1) TO '{folder}/stolen.csv'",
        "EXPORT DATABASE '{folder}/stolen'",
        "ATTACH '{folder}/new.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
        "RESET lock_configuration",
        "PRAGMA enable_profiling",
        "CALL pragma_version()",
        "CREATE TABLE x AS SELECT 1",
        "DROP VIEW t",
        "DELETE FROM t",
        "SELECT 1; SELECT 2",
        "SELECT 1; COPY t TO '{folder}/stolen.csv'",
        "SELEC 1",
        "",
        "-- nothing",
    ],
)
def test_sql_cannot_leave_its_box(tmp_path, sql):
    (tmp_path / "secret.csv").write_text("password\nhunter2\n")
    hidden_variable = pa.table({"secret": ["hunter2"]})
    with pytest.raises(ToolError) as refusal:
        query({"t": pa.table({"a": [1]})}, sql.format(file=tmp_path / "secret.csv", folder=tmp_path))
    assert "hunter2" not in str(refusal.value)
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]
    assert hidden_variable.num_rows == 1


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("SELECT * FROM wether", r"wether does not exist\. Its tables are: weather\.$"),
        ("SELECT tmep FROM weather", r'"tmep" not found .* Candidate bindings: "temp"'),
        ("SELECT 1 AS a, 2 AS a", "Two columns of the result are called a; give them names of their own with AS"),
        ("SELECT INTERVAL 1 DAY AS i", "The column i is of a type that tables cannot keep; CAST it to VARCHAR"),
        ("SELECT 'a'::INT", "Could not convert string 'a' to INT32"),
        ("DROP TABLE weather", "must be one SELECT"),
    ],
)
def test_a_mistake_is_told_in_one_line(sql, complaint):
    with pytest.raises(ToolError, match=complaint) as refusal:
        query({"weather": pa.table({"temp": [1]})}, sql)
    assert "\n" not in str(refusal.value)


def test_a_query_that_never_ends_is_stopped():
    started = time.monotonic()
    with pytest.raises(ToolError, match=r"longer than 0\.2 seconds"):
        run_sql("SELECT count(*) FROM range(100000000000) a, range(1000000) b", {}, seconds=0.2)
    assert time.monotonic() - started < 30


def test_a_query_that_wants_all_memory_is_stopped():
    with pytest.raises(ToolError, match="needs more than 1 GB of memory"):
        run_sql("SELECT list(a.range) FROM range(1000000000) a", {})


def test_a_result_without_end_is_stopped():
    endless = duckdb.sql("SELECT range AS a FROM range(1000000000000)")
    with pytest.raises(ToolError, match="The result is larger than 10 MB in memory; take fewer rows or columns"):
        collect(endless, "The result", limit=10_000_000)
