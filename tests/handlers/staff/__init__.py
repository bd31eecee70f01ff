"""The staff group told as stories."""
