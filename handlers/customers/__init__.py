"""What customers say and tap in their private chat with the business."""
