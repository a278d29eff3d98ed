"""What stands behind people: walls, rooms, windows, clutter, the outdoors."""
