"""Brings the tables of a database to a revision, in one transaction: all of it happens or none."""

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine

from node.store.engine import WRITING, shown
from node.store.errors import DatabaseVersionError


def migrate(engine: Engine, revision: str = "head") -> None:
    """Upgrade the tables to a revision; harmless when they are there already."""
    with engine.connect().execution_options(**{WRITING: True}) as connection:
        try:
            command.upgrade(_config(connection), revision)
        except CommandError as error:
            raise DatabaseVersionError(shown(engine.url), str(error)) from error
        connection.commit()


def downgrade(engine: Engine, revision: str) -> None:
    """Undo migrations down to a revision; "base" undoes all of them."""
    with engine.connect().execution_options(**{WRITING: True}) as connection:
        command.downgrade(_config(connection), revision)
        connection.commit()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("node.store").joinpath("migrations")))
    config.attributes["connection"] = connection
    return config
