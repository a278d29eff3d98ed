"""A flash photograph in, a studio portrait out."""
