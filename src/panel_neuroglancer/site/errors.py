"""What can go wrong while a site is built: one class per cause, each message ends with what to do."""

from __future__ import annotations


class SiteError(RuntimeError):
    """A site could not be built. The existing one, if any, is untouched."""


class FetchError(SiteError):
    """A file could not be had from any of its sources."""


class TamperedFileError(SiteError):
    """A file is not the one its official hash promises."""


class NoWasmWheelError(SiteError):
    """A dependency has compiled code and nobody compiled it for WebAssembly."""


class DependencyConflictError(SiteError):
    """The version that would go into the site is not one a package accepts."""


class DependencyCycleError(SiteError):
    """Packages that need each other: Pyodide would wait for both for ever."""


class VersionMismatchError(SiteError):
    """An installed package is not the version this module's seams were cut for."""


class AppError(SiteError):
    """The app raised while it was run to draw its page."""


class ExternalResourceError(SiteError):
    """A page that must be self-contained names a file on another host."""


class BadInputError(SiteError, ValueError):
    """An argument makes no sense."""
