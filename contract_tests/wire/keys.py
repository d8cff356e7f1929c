"""The keys that requests are sent with; some are printed by a command, again when refused."""

import threading

from contract_tests.errors import TargetUnavailable, UsageError
from contract_tests.settings.secrets import run_key_command
from contract_tests.settings.settings import Settings


class Keys:
    """The current key of each role."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._keys = dict(settings.keys)
        self._lock = threading.Lock()

    def __getitem__(self, role: str) -> str:
        return self._keys[role]

    def renew(self, role: str, refused: str) -> bool:
        """Run the command of a role once its key was refused; tell whether there is another key.

        Raises TargetUnavailable if the command fails.
        """
        command = self._settings.key_command.get(role)
        if command is None:
            return False
        with self._lock:  # threads whose requests were refused together need one new key
            if self._keys[role] != refused:
                return True
            try:
                self._keys[role] = run_key_command(role, command)
            except UsageError as error:
                raise TargetUnavailable(str(error)) from None
            return self._keys[role] != refused
