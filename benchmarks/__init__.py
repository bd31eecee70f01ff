"""Measurements of carebot beside bare bots, on this machine, against a lean stand-in for the Bot API."""
