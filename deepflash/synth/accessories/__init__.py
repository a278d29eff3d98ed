"""Glasses, hats, scarves and earrings."""
