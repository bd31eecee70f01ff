"""Tests of the Telegram stand-in: its people, its refusals, its two doors."""
