"""Damaged, hostile and odd files, made from seeds, and the command line that has to bear them.

`python -m tests.enhance.hostile FOLDER` feeds all of them to `deepflash enhance` and says what
came of them.
"""
