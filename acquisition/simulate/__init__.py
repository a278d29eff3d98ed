"""A studio without a studio: a camera and phones in software, with faults on demand."""
