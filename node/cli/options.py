"""Options that many commands share."""

from pathlib import Path
from typing import Annotated

import typer

#: Where a deployment's files are unless somebody says otherwise; the default of YUIMARU_DATA_DIR.
DEFAULT_DATA_DIR = Path(".yuimaru")

#: None leaves the word to YUIMARU_DATA_DIR and its default.
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of the deployment's files; YUIMARU_DATA_DIR."),
]
