"""Who agreed to what: a registry apart from the pictures, withdrawal and erasure."""
