"""Where pictures go: nothing is overwritten, nothing is believed before it was read back."""
