"""Heads drawn from formulas: a shape, its colours, and two ways of lighting it."""
