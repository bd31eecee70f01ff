"""What goes out by itself: occasions, planning, deliveries. One module a campaign."""
