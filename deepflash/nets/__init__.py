"""Networks that predict the encoded difference: one network a file."""
