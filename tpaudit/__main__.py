"""``python -m tpaudit`` is the same program as the ``tpaudit`` command."""

from tpaudit.commands.app import program

if __name__ == "__main__":
    program()
