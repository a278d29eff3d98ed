"""Turn a flash selfie into a studio portrait."""

__version__ = "0.1.0"
