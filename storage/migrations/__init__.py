"""The schema's history: one Alembic script a change, on both engines."""
