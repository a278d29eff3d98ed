"""Published flash/ambient datasets, turned into pair datasets."""
