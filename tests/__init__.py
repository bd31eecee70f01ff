"""Tests: loopback only, bounded, with real SQLite and real HTTP."""
