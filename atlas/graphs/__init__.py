"""Attribution graphs as plain arrays. No torch."""
