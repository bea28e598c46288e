"""Imports of files that other systems exported, one package per kind of file."""
