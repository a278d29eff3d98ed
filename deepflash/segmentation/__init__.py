"""Which pixels show a person, told by a small network through OpenCV; torch is not needed."""
