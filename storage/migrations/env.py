"""Alembic's entry: it is handed an open connection and runs the scripts on it."""

from alembic import context

from storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)

with context.begin_transaction():
    context.run_migrations()
