"""The parts that arms swap. One file per slot; the dictionary at its end is the registry.

Every entry of a slot is built with the same arguments, maps the same shapes, and says in
`multiply_adds` what it costs for a map of a given size.
"""
