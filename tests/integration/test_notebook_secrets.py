"""Secrets in notebooks: they come by reference, and no value stays behind in notebooks, rows, files or messages."""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import new_project, remove_project
from notebook_files import write_notebook
from secret_places import Log, Places, found_in

from brain import Brain
from brain.errors import ParametersError
from brain.runs import RunStatus
from brain.session.services import open_services

ENVIRONMENT = {"SHOP_TOKEN": "", "SHOP_PIN": ""}
"""The second one has a name that does not look like that of a secret."""
CELLS = (
    ("pin = 'none'\ncity = 'Oslo'", "parameters"),
    "import brain\nimport pandas as pd\nvalue = brain.secret(pin)\ntoken = brain.secret('SHOP_TOKEN')",
    "print(value, token)\nvalue[:-1] + value[-1:]",
    "brain.record('pin', value)\nbrain.record('rows', pd.DataFrame({'pin': [value], token: [1]}))",
    "import base64\nprint(base64.b64encode(value.encode()).decode())\nlen(value)",
    "if city == 'Rome':\n    raise ValueError(f'{value} and {token} are wrong')",
)


@pytest.fixture(scope="module")
def canaries() -> dict[str, str]:
    return {name: f"cnry{secrets.token_hex(12)}" for name in (*ENVIRONMENT, "TABLED_CODE")}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, canaries: dict[str, str]) -> Iterator[Path]:
    made = new_project(tmp_path_factory.mktemp("secrets") / "shop").project
    key = secrets.token_urlsafe(32)
    (made / ".env").write_text(
        "".join(f"{name}={canaries[name]}\n" for name in ENVIRONMENT) + f"BRAIN_SECRETS_KEY={key}\n"
    )
    write_notebook(made / "report.ipynb", *CELLS)
    yield made
    remove_project(made)


@pytest.fixture(scope="module")
def brain(project: Path) -> Iterator[Brain]:
    with Brain(project) as opened:
        yield opened


async def places(brain: Brain) -> Places:
    urls = await open_services(brain.settings)
    assert urls.redis is not None
    return Places(brain.settings.project, urls.database, urls.redis, Log())


async def test_no_value_stays_behind(brain: Brain, project: Path, canaries: dict[str, str]) -> None:
    if not any(info.name == "TABLED_CODE" for info in brain.secrets()):
        brain.set_secret("TABLED_CODE", canaries["TABLED_CODE"])
    sets = [
        {"pin": "${secret:SHOP_PIN}"}, {"pin": "${secret:TABLED_CODE}"}, {"pin": "${secret:SHOP_PIN}", "city": "Rome"},
        {"pin": canaries["SHOP_TOKEN"]},
    ]  # fmt: skip
    batch = brain.batch("report.ipynb", sets, out=project / "made")

    assert [one.status for one in batch.sets] == [RunStatus.SUCCEEDED] * 2 + [RunStatus.FAILED, RunStatus.SUCCEEDED]
    assert batch.sets[3].parameters == {"pin": "${secret:SHOP_TOKEN}"}, "a value becomes a reference to it"
    assert [dict(one.recorded)["pin"] for one in batch.sets] == [
        "${secret:SHOP_PIN}", "${secret:TABLED_CODE}", "${secret:SHOP_PIN}", "${secret:SHOP_TOKEN}"
    ]  # fmt: skip
    error = batch.sets[2].error or ""
    assert "ValueError: ${secret:SHOP_PIN} and ${secret:SHOP_TOKEN} are wrong" in error
    made = json.loads((project / "made" / "report-1.ipynb").read_text())
    printed = [output for cell in made["cells"] for output in cell.get("outputs", ()) if output.get("name") == "stdout"]
    assert "".join(printed[0]["text"]) == "${secret:SHOP_PIN} ${secret:SHOP_TOKEN}\n"

    left = await places(brain)
    left.returned += [batch.frame.to_csv(), json.dumps(batch.to_json())]
    found = left.find(canaries, written_by_hand=(".env",))
    assert found == {}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("${secret:MISSING_PIN}", "pin: the secret MISSING_PIN is not set: add it to .env"),
        ("Bearer ${secret:SHOP_PIN}", "pin: a secret is given alone, not amid other text"),
        ("${secret:DATABASE_URL}", "pin: DATABASE_URL belongs to the Brain itself"),
    ],
)
def test_references_are_looked_at_before_anything_runs(brain: Brain, value: str, says: str) -> None:
    before = len(brain.batches())
    with pytest.raises(ParametersError, match=says):
        brain.batch("report.ipynb", [{"pin": value}])
    assert len(brain.batches()) == before


@pytest.mark.parametrize("is_reference", [True, False])
def test_papermill_with_our_engine_writes_no_value_either(
    project: Path, canaries: dict[str, str], is_reference: bool
) -> None:
    pin = "${secret:SHOP_PIN}" if is_reference else canaries["SHOP_TOKEN"]
    code = CELLS[1] if is_reference else CELLS[1].replace("brain.secret(pin)", "pin")
    write_notebook(project / "plain.ipynb", CELLS[0], code, *CELLS[2:])
    made = project / "papermill.ipynb"
    command = [sys.executable, "-m", "papermill", "plain.ipynb", made.name, "--engine", "brain", "-r", "pin", pin]
    ended = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert not found_in(made.read_bytes(), canaries)
