"""Tests of the texts and their renderer."""
