"""What staff say and tap in their group."""
