"""Tests of the measurements: that they count and time what they say."""
