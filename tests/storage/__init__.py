"""Tests of the tables, the migrations and the queries."""
