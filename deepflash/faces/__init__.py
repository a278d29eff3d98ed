"""Where faces are in a picture, and 468 points on each: BlazeFace and FaceMesh by OpenCV."""
