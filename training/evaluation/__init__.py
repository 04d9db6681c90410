"""From a method to results: the robot user, its courses, the metrics, one folder of results.

A method is anything that makes, for an image, an object with ``click(y, x, foreground) -> mask``.
"""
