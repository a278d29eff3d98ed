"""The phone that takes the flash picture: a contract, a page for its browser, and adb."""
