"""Options that many commands have."""

from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[
    Path,
    typer.Option(
        "--config",
        "-c",
        help="The shop's file.",
        show_default=True,
        readable=False,  # whoever reads it says more of what is wrong
    ),
]
