"""Modules of the derived ``neuroglancer`` wheel: what the official package does with a server, threads or a display.

They are copied into the wheel by ``site/neuroglancer_wheel.py`` and only run there; nothing in this package imports them.
"""
