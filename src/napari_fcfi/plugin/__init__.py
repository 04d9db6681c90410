"""The napari side: panel, layers, mouse, keys, workers, reader, sample data.

No arithmetic on pixels here, and no torch at import: the panel shows before the model is loaded.
"""

from __future__ import annotations

PLUGIN = "napari-fcfi"
PANEL = "Segment"
