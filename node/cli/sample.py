"""`yuimaru sample`: a small neighbourhood on file, made from a seed."""

from pathlib import Path
from typing import Annotated

import typer

from node.cli.output import say
from node.domain.errors import YuimaruError


class FolderNotEmptyError(YuimaruError):
    """A folder that a command would fill holds files already."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is not empty; name a new folder, or empty this one")


class FolderUnusableError(YuimaruError):
    """A folder cannot be made, or something else has its name."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"{folder} cannot be used as a folder: {reason}")


def sample(
    folder: Annotated[Path, typer.Argument(help="Folder to write; made if it does not exist.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 1,
    homes: Annotated[int, typer.Option(min=1, max=10_000, help="Number of homes.")] = 12,
    days: Annotated[int, typer.Option(min=1, max=366, help="Number of days.")] = 4,
) -> None:
    """Write a made-up neighbourhood (load, sun, prices, participants) in the format that `replay` reads."""
    from node.domain.sample import SampleSize, sample_neighbourhood

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderUnusableError(folder, error.strerror or str(error)) from error
    if any(folder.iterdir()):
        raise FolderNotEmptyError(folder)
    for name, lines in sample_neighbourhood(seed, SampleSize(homes=homes, days=days)).items():
        (folder / name).write_text("".join(lines), encoding="utf-8")
        say(f"{folder / name}: {len(lines) - 1} rows")
