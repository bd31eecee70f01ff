"""The only room that knows SQL: tables, migrations, queries and search, on SQLite and PostgreSQL alike."""
