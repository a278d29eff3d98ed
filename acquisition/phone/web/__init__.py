"""The phone as a web page: served by the host, opened in the browser of the phone."""
