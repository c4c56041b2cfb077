"""What goes wrong for a reason that the person at the keyboard can mend."""


class CommandError(RuntimeError):
    """Ends the command with its message, one line, on stderr and exit code 1."""
