"""Readers of pictures and masks."""
