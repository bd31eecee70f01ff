"""The rules of customer care, pure: no input or output, no clock, no framework."""
