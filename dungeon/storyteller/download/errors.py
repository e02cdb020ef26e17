"""How a download can end early."""


class DownloadCancelled(Exception):
    """The player left or paused during the download; what has arrived is kept."""


class SourceFailed(Exception):
    """One source could not deliver, and the message says why; the next is tried. What has arrived is kept."""
