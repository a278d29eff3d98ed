"""The studio camera: a contract, a client with deadlines, and the process that owns the camera."""
