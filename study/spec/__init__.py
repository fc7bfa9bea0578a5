"""A study file, read into typed values."""
