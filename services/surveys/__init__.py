"""Surveys: kept in versions, asked, answered, acted upon, and their results."""
