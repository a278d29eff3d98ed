"""From a session to a pair dataset: decoding, colour, registration, judgement, writing."""
