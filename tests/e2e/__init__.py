"""The whole program from outside: a real process, a real network, a real database, told as stories."""
