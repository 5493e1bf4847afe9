"""Alembic migrations, run at every start; each can be undone on filled tables."""
