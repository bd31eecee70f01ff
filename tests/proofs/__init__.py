"""Promises shown being kept at full size, with their figures; the suite holds them at a smaller one."""
