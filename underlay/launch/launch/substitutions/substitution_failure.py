"""The error of a substitution that has no text."""

__all__ = ['SubstitutionFailure']


class SubstitutionFailure(Exception):  # noqa: N818 (the genuine name)
    """A substitution cannot be performed."""
