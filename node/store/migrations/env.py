"""Alembic's entry: runs the migrations on the connection that `node.store.schema` hands over."""

from alembic import context

from node.store import chain_tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=chain_tables.blocks.metadata,
)
with context.begin_transaction():
    context.run_migrations()
