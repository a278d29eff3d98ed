"""Pairs of a flash and a studio photograph on disk, and how they reach the network."""
