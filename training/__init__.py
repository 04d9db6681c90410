"""Training and evaluation of the models, run from a checkout and not part of the wheel."""
