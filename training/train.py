"""``python -m training.train RECIPE``: train a model, or go on training it."""

from __future__ import annotations

from .interrupts import end_at_once

if __name__ == "__main__":
    end_at_once()  # before what takes seconds to load
    from .command import main

    main()
