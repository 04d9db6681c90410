"""Whether a data set is the one that was published under its name."""

from __future__ import annotations


def other_than_published(dataset: str, objects: int, published: int | None) -> str:
    """A sentence for a set of another number of objects than it was published with, else empty.

    Parameters
    ----------
    dataset
        Its name.
    objects
        Number of objects that it has here.
    published
        Number that it was published with; None where that is not known, or does not count.
    """
    if published in (None, objects):
        return ""
    return (
        f"Expected the {published} objects with which {dataset} was published, got {objects}; its "
        "figures are those of another set: complete its folder, or give that another name."
    )
