"""Tests of the Telegram edge, told as conversations."""
