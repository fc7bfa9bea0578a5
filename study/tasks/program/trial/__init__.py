"""One trial of a program: its processes, and what it leaves behind."""
