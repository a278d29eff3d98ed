"""The order of one pair, as a pure state machine."""
