"""The few pieces of SQL that segments need and the two engines spell differently."""

from typing import Any, Literal

from sqlalchemy import ColumnElement, Float, Integer, String, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement


def ascii_lower(text: str) -> str:
    """Return ``text`` with the capitals A to Z small, and no others: both engines agree on these."""
    return "".join(sign.lower() if "A" <= sign <= "Z" else sign for sign in text)


class lowered(FunctionElement[str]):  # reads as a function of SQL
    """A text with the capitals A to Z small."""

    type = String()
    inherit_cache = True


@compiles(lowered, "sqlite")
def _lowered_sqlite(element: lowered, compiler: SQLCompiler, **more: Any) -> str:
    return f"lower({compiler.process(element.clauses, **more)})"


@compiles(lowered, "postgresql")
def _lowered_postgresql(element: lowered, compiler: SQLCompiler, **more: Any) -> str:
    return f'lower(({compiler.process(element.clauses, **more)}) COLLATE "C")'


class _Position(FunctionElement[int]):
    type = Integer()
    inherit_cache = True


@compiles(_Position, "sqlite")
def _position_sqlite(element: _Position, compiler: SQLCompiler, **more: Any) -> str:
    return f"instr({compiler.process(element.clauses, **more)})"


@compiles(_Position, "postgresql")
def _position_postgresql(element: _Position, compiler: SQLCompiler, **more: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **more)})"


def position(text: ColumnElement[Any], wanted: str) -> ColumnElement[Any]:
    """Return where ``wanted`` first stands in ``text``: 0 when it does not."""
    return _Position(text, literal(wanted, String()))


class Number(FunctionElement[float]):
    """A decimal number, handed over as text so that neither engine rounds it."""

    type = Float()
    inherit_cache = True

    def __init__(self, digits: str) -> None:
        super().__init__(literal(digits, String()))


@compiles(Number, "sqlite")
def _number_sqlite(element: Number, compiler: SQLCompiler, **more: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **more)} AS REAL)"


@compiles(Number, "postgresql")
def _number_postgresql(element: Number, compiler: SQLCompiler, **more: Any) -> str:
    return f"CAST(CAST({compiler.process(element.clauses, **more)} AS TEXT) AS NUMERIC)"


Form = Literal["text", "number", "flag"]
_SQLITE_TYPES = {"text": "'text'", "number": "'integer', 'real'", "flag": "'true', 'false'"}
_POSTGRESQL_TYPES = {"text": "string", "number": "number", "flag": "boolean"}


class CustomValue(FunctionElement[Any]):
    """A value of the customer record's own fields; empty when it is missing or of another form than declared.

    A flag is the text ``true`` or ``false``.
    """

    inherit_cache = False  # its SQL depends on the form

    def __init__(self, column: ColumnElement[Any], key: str, form: str) -> None:
        self.form = form
        self.column = column
        self.type = Float() if form == "number" else String()
        self.path = literal('$."' + key.replace("\\", "\\\\").replace('"', '\\"') + '"', String())
        self.field = literal(key, String())
        super().__init__(column, self.path, self.field)


@compiles(CustomValue, "sqlite")
def _custom_sqlite(element: CustomValue, compiler: SQLCompiler, **more: Any) -> str:
    column, path = (compiler.process(clause, **more) for clause in (element.column, element.path))
    kind = f"json_type({column}, {path})"
    value = kind if element.form == "flag" else f"json_extract({column}, {path})"
    return f"CASE WHEN {kind} IN ({_SQLITE_TYPES[element.form]}) THEN {value} END"


@compiles(CustomValue, "postgresql")
def _custom_postgresql(element: CustomValue, compiler: SQLCompiler, **more: Any) -> str:
    column, field = (compiler.process(clause, **more) for clause in (element.column, element.field))
    value = f"{column} ->> CAST({field} AS TEXT)"
    value = f"CAST({value} AS NUMERIC)" if element.form == "number" else value
    kind = f"json_typeof({column} -> CAST({field} AS TEXT))"
    return f"CASE WHEN {kind} = '{_POSTGRESQL_TYPES[element.form]}' THEN {value} END"
