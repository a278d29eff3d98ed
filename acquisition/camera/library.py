"""The binding of libgphoto2, which fills its namespace at import, so that no type checker sees it.

Imported by nothing but the camera's own process.
"""

import importlib
from typing import Any, TypeAlias

gp: Any = importlib.import_module("gphoto2")
Camera: TypeAlias = Any
Widget: TypeAlias = Any
