"""The page served to this computer, or to phones in the same network."""
