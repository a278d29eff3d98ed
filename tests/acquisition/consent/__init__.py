"""Tests of the consent registry."""
