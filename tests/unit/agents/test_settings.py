"""What a process is told from outside."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from node.settings import Settings


def test_everything_has_a_default_that_runs_on_one_machine() -> None:
    settings = Settings()

    assert settings.manifest_path == Path(".yuimaru/manifest.json")
    assert settings.keystore_password is None


def test_the_environment_overrides_defaults_and_lists_are_json(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = "0x" + "ab" * 20
    monkeypatch.setenv("YUIMARU_DATA_DIR", "elsewhere")
    monkeypatch.setenv("YUIMARU_ORACLE_HUBS", '["https://one", "https://two"]')
    monkeypatch.setenv("YUIMARU_ORACLE_PEERS", f'{{"{address}": "https://peer"}}')
    monkeypatch.setenv("YUIMARU_PREFERENCE", "Cheaper energy!")

    settings = Settings()

    assert settings.manifest_path == Path("elsewhere/manifest.json")
    assert settings.oracle_hubs == ("https://one", "https://two")
    assert settings.oracle_peers == {address: "https://peer"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POLICY", "greedy"),
        ("PREFERENCE", "free beer"),
        ("HUB_PORT", "70000"),
        ("CHAIN_ID", "0"),
        ("ORACLE_PEERS", '{"0x12": "https://peer"}'),
    ],
)
def test_a_wrong_value_is_refused_with_the_name_of_its_field(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"YUIMARU_{name}", value)

    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KEYSTORE_PASSWORD", "DEVICE_PASSWORD", "ORACLE_PASSWORD", "DATABASE_URL"):
        monkeypatch.setenv(f"YUIMARU_{name}", "hunter2")

    assert "hunter2" not in repr(Settings())


def test_every_field_says_what_it_is() -> None:
    assert all(field.description for field in Settings.model_fields.values())
