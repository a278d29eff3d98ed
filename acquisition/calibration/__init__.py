"""How long each device takes from the call to the exposure, measured with a clock on a monitor."""
