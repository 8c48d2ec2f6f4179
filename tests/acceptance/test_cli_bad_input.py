"""What is wrong is told in one clear message with the right exit code, and an accepted run keeps the reason."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from command_line import CommandLine, Ended, model_that_says, nap, page, site

NOBODY_THERE = "http://127.0.0.1:1"
LOCAL = {"BRAIN_ALLOW_HOSTS": "127.0.0.1"}
REQUEST = ("ask", "the dearest thing in sales.csv", "--json")

type Try = Callable[[CommandLine, ExitStack], Ended]
"""Does what cannot work; what it needs meanwhile ends with the stack."""


def run(*steps: dict[str, object], **environment: str) -> Try:
    return lambda shop, _: shop.having(**environment)("run", shop.write("bad.json", *steps), "--json")


def fetch(address: str, **environment: str) -> Try:
    return run({"id": "page", "tool": "http.get", "arguments": {"url": address}}, **environment)


def command(*arguments: str, **environment: str) -> Try:
    return lambda shop, _: shop.having(**environment)(*arguments)


def with_file(name: str, content: str, *arguments: str) -> Try:
    def attempt(shop: CommandLine, _: ExitStack) -> Ended:
        (shop.project / name).write_text(content, encoding="utf-8")
        return shop(*arguments)

    return attempt


def a_page_of_50_megabytes(shop: CommandLine, stack: ExitStack) -> Ended:
    return fetch(stack.enter_context(site(page(b"x" * 50_000_000))), **LOCAL)(shop, stack)


def a_wrong_password(shop: CommandLine, _: ExitStack) -> Ended:
    shop("runs")  # the server is up
    sockets = json.loads((shop.project / ".brain" / "postgres.json").read_text())["sockets"]
    return shop.having(DATABASE_URL=f"postgresql://brain:open-sesame@/brain?host={sockets}")(*REQUEST)


def a_model(content: bytes | str) -> Try:
    def attempt(shop: CommandLine, stack: ExitStack) -> Ended:
        answer = model_that_says(content) if isinstance(content, str) else page(content, "text/html")
        address = stack.enter_context(site(answer))
        return shop.having(OPENAI_BASE_URL=f"{address}/v1", BRAIN_CHAT_MODEL="parrot")(*REQUEST)

    return attempt


NOT_BEGUN = {
    "broken tools.json": (
        with_file("torn.json", '{"tools": [', "tools", "--tools", "torn.json"), 2,
        r"torn\.json is no valid JSON: line 1, column 12: ",
    ),
    "tools.json with a wrong field": (
        with_file("odd.json", '{"tools": [{"name": "a.b", "descripton": "x", "inputSchema": {}}]}',
                  "ask", "anything", "--tools", "odd.json"), 2,
        r"odd\.json has \d problems:\n  - tools\[0\] \(a\.b\) description: is missing\n.* descripton: is not known\.",
    ),
    "unknown tool": (
        run({"id": "read", "tool": "table.reed", "arguments": {"path": "sales.csv"}}), 2,
        r'The pipeline has 1 problem:\n  - steps\.read\.tool: there is no tool "table\.reed"\. Did you mean ',
    ),
    "cycle": (
        run(nap("a", 0, needs=["b"]), nap("b", 0, needs=["a"])), 2, r"steps\.\w: waits for itself: a -> b -> a"
    ),
    "dangling reference": (
        run({"id": "a", "tool": "shop.nap", "arguments": {"seconds": "${nobody.seconds}"}}), 2,
        r'steps\.a\.arguments\.seconds: \$\{nobody\.seconds\}: there is no step "nobody"',
    ),
    "no such pipeline": (
        command("run", "nowhere.yaml"), 2, r"The pipeline file nowhere\.yaml cannot be read: No such file or "
    ),
    "no such run": (command("show", "ffffffff"), 2, r"No run's id begins or ends with 'ffffffff': `brain runs` lists"),
    "wrong setting": (
        command("runs", BRAIN_MAX_PARALLEL="many"), 2,
        r"BRAIN_MAX_PARALLEL is 'many': .*integer.*\. Set it in \.env or the environment",
    ),
    "transaction pooler": (
        command("runs", DATABASE_URL="postgresql://me:open-sesame@db.example.com:6543/postgres"), 2,
        r"DATABASE_URL .*: port 6543 is the transaction pooler.*: take the direct URL, port 5432",
    ),
    "artifacts where nothing can go": (
        command("runs", BRAIN_ARTIFACTS_URL="s3://bucket/brain"), 2,
        r"Artifacts cannot be kept in s3://bucket/brain: .*s3fs.*\. Set BRAIN_ARTIFACTS_URL to another\.",
    ),
    "wrong password": (a_wrong_password, 3, r"PostgreSQL on \S+ refused the password of brain: correct user and pass"),
    "no database": (
        command("runs", DATABASE_URL="postgresql://me:open-sesame@127.0.0.1:1/brain"), 3,
        r"PostgreSQL on 127\.0\.0\.1:1 cannot be reached \(.*Connection refused.*\): check that it runs",
    ),
    "neither a database nor leave to start one": (
        command("runs", BRAIN_EMBEDDED="off"), 2, r"DATABASE_URL is not set and BRAIN_EMBEDDED=off forbids"
    ),
    "refused SQL": (command("sql", "DELETE FROM runs"), 2, r"`sql` only reads: cannot execute DELETE"),
    "no request": (command("ask", " "), 2, r"There is no request: say in words what you want\."),
    "nothing to search for": (command("search", " "), 2, r"There is nothing to search for: say in words what the "),
}  # fmt: skip

ACCEPTED = {
    "missing file": (
        run({"id": "read", "tool": "table.read", "arguments": {"path": "nowhere.csv"}}),
        r"read: There is no file nowhere\.csv in the project",
    ),
    "request about a missing file": (
        command("ask", "average price in nowhere.csv", "--json"), r"There is no file nowhere\.csv in the project"
    ),
    "request that no tool serves": (
        command("ask", "Please water the plants", "--json"), r"No plan was found: .*set OPENAI_API_KEY"
    ),
    "unreachable address": (fetch(NOBODY_THERE, **LOCAL), rf"page: {NOBODY_THERE}/? was not reached: "),
    "address beyond the only hosts": (
        fetch(NOBODY_THERE, BRAIN_ONLY_HOSTS="example.org,*.example.org", **LOCAL),
        rf"page: {NOBODY_THERE}/? was refused: 127\.0\.0\.1 is not in BRAIN_ONLY_HOSTS",
    ),
    "50 MB page": (a_page_of_50_megabytes, r"page: http://\S+ is larger than 10 MB, the limit for one page\."),
    "model that is down": (
        command(*REQUEST, OPENAI_BASE_URL=f"{NOBODY_THERE}/v1", BRAIN_CHAT_MODEL="parrot"),
        r"The model parrot cannot be reached; check OPENAI_BASE_URL and that it is up\.",
    ),
    "model that chatters": (
        a_model("Polly wants a cracker"),
        r"The model parrot was asked for JSON and wrote 'Polly wants a cracker'; try again or set another ",
    ),
    "model whose JSON is no plan": (
        a_model('["cracker"]'),
        r"The model parrot wrote no plan that can be run, even after 2 repairs\..*is no plan: an object with name",
    ),
    "model whose plan cannot be run": (
        a_model('{"name": "x", "steps": [{"id": "a", "tool": "polly.fly", "arguments": {}}], "outputs": {}}'),
        r'The model parrot wrote no plan that can be run, even after 2 repairs\..*"polly\.fly"',
    ),
}  # fmt: skip


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


@pytest.mark.parametrize(("attempt", "code", "says"), NOT_BEGUN.values(), ids=NOT_BEGUN)
def test_bad_input_is_refused_in_one_message_before_anything_is_begun(
    shop: CommandLine, stack: ExitStack, attempt: Try, code: int, says: str
) -> None:
    ended = attempt(shop, stack)
    assert ended.code == code
    assert ended.out == ""
    assert re.match(rf"brain: .*{says}", ended.err, re.DOTALL), ended.err
    assert len(re.findall("^brain: ", ended.err, re.MULTILINE)) == 1
    assert "Traceback" not in ended.err
    assert "open-sesame" not in ended.err


@pytest.mark.parametrize(("attempt", "says"), ACCEPTED.values(), ids=ACCEPTED)
def test_a_run_that_cannot_succeed_is_kept_as_failed_with_its_reason(
    shop: CommandLine, stack: ExitStack, attempt: Try, says: str
) -> None:
    check_failed(attempt(shop, stack), says)


def test_people_are_told_once_why_a_request_was_refused_and_of_no_steps_that_there_are_not(shop: CommandLine) -> None:
    refused = shop("ask", "Please water the plants")
    assert refused.code == 1
    [line] = [line for line in refused.out.splitlines() if line.startswith("No plan was found: ")]
    assert (refused.out + refused.err).count(line) == 1
    assert re.search(r"^run \w{8}\. No step of it was begun\.$", refused.out, re.MULTILINE)


def test_an_endpoint_that_is_no_model_is_named(shop: CommandLine, stack: ExitStack) -> None:
    outcome = a_model(b"<h1>Sign in</h1>")(shop, stack)
    check_failed(outcome, r"The model parrot gave no usable answer; .*check OPENAI_BASE_URL")


def check_failed(ended: Ended, says: str) -> None:
    assert ended.code == 1
    kept = ended.json
    assert kept["status"] == "failed"
    assert re.match(says, kept["error"], re.DOTALL), kept["error"]
    assert ended.err == f"brain: the run {kept['id']} is failed: {kept['error']}\n"


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """Where a file system of 64 kB is mounted for one command and those that it starts."""
    folder = tmp_path / "full"
    folder.mkdir()
    return folder


def storing(shop: CommandLine, full: Path, script: str) -> tuple[CommandLine, str]:
    """`brain` behind a shell script that has the small disk to itself, and a pipeline that needs more than that."""
    (shop.project / "long.csv").write_text("x\n" + "\n".join(os.urandom(8).hex() for _ in range(20_000)))
    small = {"id": "small", "tool": "table.read", "arguments": {"path": "sales.csv"}}
    large = {"id": "large", "tool": "table.read", "arguments": {"path": "long.csv"}, "needs": ["small"]}
    mounted = f"mount -t tmpfs -o size=64k none {full} && {script}"
    return (
        shop.having(*own_mounts(), "sh", "-c", mounted, "sh", BRAIN_ARTIFACTS_URL=str(full)),
        shop.write("store.json", small, large),
    )


def test_a_full_disk_fails_the_step_that_wanted_to_store_and_nothing_else(shop: CommandLine, full: Path) -> None:
    brain, spec = storing(shop, full, 'exec "$@"')
    outcome = brain("run", spec, "--json")
    check_failed(
        outcome,
        rf"large: An artifact \([\d,]+ bytes so far\) could not be written to {full}: No space left on device\. "
        "Make room there or set BRAIN_ARTIFACTS_URL to another place",
    )
    assert [step["status"] for step in outcome.json["steps"]] == ["succeeded", "failed"]


def test_once_there_is_room_again_the_same_run_stores_whole_tables(shop: CommandLine, full: Path) -> None:
    twice = f'"$1" run store.json; mount -o remount,size=8m {full} && "$1" run store.json; exec "$@"'
    brain, _ = storing(shop, full, f"({twice}) >&2")
    shown = brain("show", "last")
    assert shown.code == 0, shown.err
    assert "large 12 of 20,000 rows" in shown.err


def own_mounts() -> tuple[str, ...]:
    """The command that gives another one mounts of its own; skips the test where nobody may have them."""
    private = ("unshare", "--mount") if os.geteuid() == 0 else ("unshare", "--map-root-user", "--mount")
    if (
        shutil.which("unshare") is None
        or subprocess.run([*private, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("this machine lets nobody mount a small file system of his own")
    return private
