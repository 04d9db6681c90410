"""From a results folder to a report that people read: HTML that needs nothing else, and Markdown.

Figures come from ``results.json`` alone. Pictures come from replaying the clicks that it holds: the
same checkpoint, settings and clicks give the same masks. `write.write_report` writes it.
"""
