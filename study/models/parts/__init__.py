"""Parts of ResT and PVT that a study swaps: one file per slot, its registry in the last line.

Every entry of a slot is built with the same arguments and maps the same shapes; its method
`multiply_adds` gives its cost for a map of a given size. See `models/contract.py`.
"""
