"""A launch file with a mistake in line 6."""


def generate_launch_description():
    values = {}
    return values['nothing']
