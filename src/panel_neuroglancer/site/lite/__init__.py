"""A JupyterLite site of somebody's notebooks: Python, the packages and the viewer are in it, and nothing is installed.

``packages`` finds what Python needs, ``jupyter`` runs JupyterLite's own builder, ``prune`` drops what is never loaded,
``classroom`` packs it all for a USB stick, and ``build`` does it in order.
"""
