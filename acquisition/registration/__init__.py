"""Lays the studio's picture onto the phone's, and says where that worked."""
