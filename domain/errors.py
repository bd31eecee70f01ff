"""Every error carebot raises on purpose, in one tree.

CarebotError                what went wrong can be told to a person in one line
├── SettingsError           the configuration names something that cannot be (exit status 2)
├── BadInput                a file, option or value given by a person cannot be read
├── NotFound                the thing asked for does not exist, or is not the asker's
└── StorageError            the database cannot be used as it is
    └── SchemaMismatch      its schema is of another version of the program

A *refusal* (not allowed, too late, already taken) is no error: services return it as a value, see
``domain.outcomes``.
"""


class CarebotError(Exception):
    """The base: its text is one clear line, with the mend in it."""


class SettingsError(CarebotError):
    """The configuration cannot be used; the line names the key and the mend."""


class BadInput(CarebotError):
    """Something a person handed in cannot be read; the line says what and how to mend it."""


class NotFound(CarebotError):
    """The thing asked for does not exist, or is not the asker's to see."""


class StorageError(CarebotError):
    """The database cannot be used as it is."""


class SchemaMismatch(StorageError):
    """The database's schema belongs to another version of the program."""
