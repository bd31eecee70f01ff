"""Importing what another system knows: customers, purchases and points from CSV files of any size."""

from services.imports._old import ImportRow, Parsed, Problem, decode, parse_customers, store_customers

__all__ = ["ImportRow", "Parsed", "Problem", "decode", "parse_customers", "store_customers"]
