"""Importing what another system knows: customers, purchases and points from CSV files of any size."""

from services.imports.columns import Head
from services.imports.customers import Customers
from services.imports.known import Known, look_around
from services.imports.outcomes import Outcome, Result
from services.imports.points import Points
from services.imports.purchases import Purchases
from services.imports.reading import Survey
from services.imports.runs import Importer, Setting, Source, Teller, run_import

__all__ = [
    "Customers",
    "Head",
    "Importer",
    "Known",
    "Outcome",
    "Points",
    "Purchases",
    "Result",
    "Setting",
    "Source",
    "Survey",
    "Teller",
    "look_around",
    "run_import",
]
