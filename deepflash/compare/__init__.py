"""Several runs side by side: one page, with intervals."""
