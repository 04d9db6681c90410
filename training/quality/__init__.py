"""Fits the head that judges answers to the windows of one object side by side.

During training the head sees crops one by one. What it is for, the search of the first click,
compares windows of one object; so at the end it alone is fitted to such windows.
"""
