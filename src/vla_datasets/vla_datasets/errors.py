"""What goes wrong with a data set, as one line that names the thing."""


class DatasetError(ValueError):
    """Refused input or a damaged data set; the message names the file, episode or feature."""


class DiskFullError(DatasetError):
    """The disk, the quota or the file-size limit is exhausted; what was complete still is."""
