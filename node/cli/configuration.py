"""The one place that reads settings: environment variables, with the options of a command on top."""

from typing import TYPE_CHECKING, TypeVar

from node.domain.errors import YuimaruError

if TYPE_CHECKING:
    from node.settings import Settings


T = TypeVar("T")


class SettingsError(YuimaruError):
    """A setting is missing or wrong; the message names the variable and what is wrong with it."""


def read_settings(**options: object) -> "Settings":
    """Return the settings; an option that is None leaves the environment's word."""
    from pydantic import ValidationError
    from pydantic_settings import SettingsError as UnreadableError

    from node.settings import Settings

    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        problems = "; ".join(
            f"YUIMARU_{'_'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
            for problem in error.errors()
        )
        raise SettingsError(problems) from error
    except UnreadableError as error:
        # A list or mapping that is no JSON; the library names the field.
        raise SettingsError(f"{error}; lists and mappings are written as JSON") from error


def required(value: T | None, name: str) -> T:
    """Return a setting that a command cannot do without."""
    if value is None:
        raise SettingsError(f"YUIMARU_{name.upper()} is not set")
    return value
