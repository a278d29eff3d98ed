"""Colour of each device under each light: measured on a chart or grey card, then undone."""
