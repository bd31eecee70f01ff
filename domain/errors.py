"""Every error carebot raises on purpose, in one tree.

CarebotError                what went wrong can be told to a person in one line
├── SettingsError           the configuration names something that cannot be (exit status 2)
├── BadInput                a file, option or value given by a person cannot be read
│   └── BadDocument         somebody's document, with everything that is wrong with it
│       ├── BadSurvey       a survey's
│       └── BadCampaign     a campaign's
├── NotFound                the thing asked for does not exist, or is not the asker's
└── StorageError            the database cannot be used as it is
    └── SchemaMismatch      its schema is of another version of the program

A *refusal* (not allowed, too late, already taken) is no error: services return it as a value, see
``domain.outcomes``.
"""

from collections.abc import Sequence


class CarebotError(Exception):
    """The base: its text is one clear line, with the mend in it."""


class SettingsError(CarebotError):
    """The configuration cannot be used; the line names the key and the mend."""


class BadInput(CarebotError):
    """Something a person handed in cannot be read; the line says what and how to mend it."""


class BadDocument(BadInput):
    """A document cannot be used; each of ``faults`` is one line with file, key and mend."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class BadSurvey(BadDocument):
    """A survey's document cannot be used."""


class BadCampaign(BadDocument):
    """A campaign's document cannot be used."""


class NotFound(CarebotError):
    """The thing asked for does not exist, or is not the asker's to see."""


class StorageError(CarebotError):
    """The database cannot be used as it is."""


class SchemaMismatch(StorageError):
    """The database's schema belongs to another version of the program."""
