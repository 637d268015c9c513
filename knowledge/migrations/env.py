"""Alembic's entry. `knowledge.database` hands over a connection in a transaction."""

from alembic import context

from knowledge.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # both databases have it: a migration is made whole or not at all
)
with context.begin_transaction():
    context.run_migrations()
