"""What the doctor finds where settings are wrong: each of them, with what to do about it, and no crash."""

from pathlib import Path

from brain.config_secrets import load_settings
from brain.session import health

NOBODY_THERE = "127.0.0.1:1"


def test_everything_that_stops_a_verb_is_found_at_once(project: Path) -> None:
    settings = load_settings(
        project,
        database_url=f"postgresql://me:open-sesame@{NOBODY_THERE}/brain",
        redis_url=f"redis://{NOBODY_THERE}?socket_timeout=soon",
        openai_base_url=f"http://{NOBODY_THERE}/v1",
        brain_allow_hosts="http://intranet.example",
        brain_artifacts_url="s3://bucket/brain",
        brain_tools=Path("nowhere.json"),
    )
    findings = health.doctor(settings)
    assert len({finding.name for finding in findings}) == len(findings)
    wrong = {finding.name: finding for finding in findings if not finding.ok}
    assert wrong.keys() == {"tools", "network", "artifacts", "postgresql", "redis server", "chat model"}
    assert "names 'http://intranet.example', which is no host" in wrong["network"].detail
    assert "s3fs" in wrong["artifacts"].detail
    assert "REDIS_URL cannot be read" in wrong["redis server"].detail
    assert all(finding.remedy for finding in wrong.values())
    assert not any("open-sesame" in f"{finding}" for finding in findings)


def test_the_status_says_why_a_service_is_not_used(project: Path) -> None:
    def details(**settings: str) -> dict[str, str]:
        return {found.name: found.detail for found in health.service_status(load_settings(project, **settings))}

    assert set(details().values()) == {"starts when it is needed"}
    assert set(details(brain_embedded="off").values()) == {"not used: BRAIN_EMBEDDED=off"}
    hosted = details(brain_embedded="off", database_url="postgresql://me@db.example.com/brain", openai_api_key="sk-1")
    assert hosted == {
        "postgres": "not used: DATABASE_URL is set",
        "redis": "not used: DATABASE_URL is set",
        "chat": "not used: OPENAI_API_KEY or OPENAI_BASE_URL is set",
    }
    assert details(redis_url="off")["redis"] == "not used: REDIS_URL is set"
