"""Campaigns: kept in versions, planned, sent, answered, judged."""
