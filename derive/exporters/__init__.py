"""Exporters: one file, one function each, from a derivation to text in one format.

They lay out what they are given and compute no mathematics.
"""
