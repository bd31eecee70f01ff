"""The grammar of expressions, and the parser made of it.

Names and words may hold letters of any script. Chinese and full-width signs mean what their plain forms mean.
"""

import unicodedata

from lark import Lark

GRAMMAR = r"""
start: either

either: both (_OR both)*
both: opposite (_AND opposite)*
?opposite: condition
    | _NOT opposite                                  -> opposite_of
    | "(" either ")"

?condition: field OP value                           -> compare
    | field _IN "(" value ("," value)* ")"           -> one_of
    | field _NOT _IN "(" value ("," value)* ")"      -> none_of
    | field _IN value                                -> within
    | field _CONTAINS value                          -> contains
    | field _HAS value                               -> has
    | field _IS _KNOWN                               -> known
    | field _IS _UNKNOWN                             -> unknown
    | field _IS _NOT _KNOWN                          -> unknown
    | field                                          -> flag
    | _SEGMENT "(" (STRING | WORD) ")"               -> named

field: WORD ["." WORD] ["(" DURATION ")"]
value: STRING | DATE | DURATION | NUMBER | WORD

OP: "=" | "==" | "!=" | "<=" | ">=" | "<" | ">" | "≠" | "≤" | "≥"
_AND: "and"i
_OR: "or"i
_NOT: "not"i
_IN: "in"i
_IS: "is"i
_HAS: "has"i
_CONTAINS: "contains"i
_KNOWN: "known"i
_UNKNOWN: "unknown"i
_SEGMENT: "segment"i
STRING: /"(\\.|[^"\\])*"/
DATE.3: /\d{4}-\d{1,2}-\d{1,2}(?![\w-])/
DURATION.2: /\d+[dwmy](?!\w)/i
NUMBER.1: /-?\d+(\.\d+)?(?!\w)/
WORD: /[^\W\d][\w\/-]*/i

%import common.WS
%ignore WS
"""

KEYWORDS = ("and", "or", "not", "in", "is", "has", "contains", "known", "unknown", "segment")
EXPRESSION_LETTERS = 2000
_QUOTES = {'"': '"', "“": "”", "”": "”", "「": "」", "『": "』", "＂": "＂"}
"""What opens a text, and what closes it then."""
_SIGNS = str.maketrans("、，。【】", ",,.()")


def fold(expression: str) -> str:
    """Return an expression with full-width and Chinese signs outside of quotation marks as plain ones.

    Each sign stays where it is, so that columns are those of the expression.
    """
    folded: list[str] = []
    closing, escaped = "", False
    for sign in expression:
        if closing:
            ends = sign == closing and not escaped
            folded.append('"' if ends else sign)
            escaped = sign == "\\" and not escaped
            closing = "" if ends else closing
        elif sign in _QUOTES:
            folded.append('"')
            closing = _QUOTES[sign]
        else:
            wide = unicodedata.normalize("NFKC", sign.translate(_SIGNS))
            folded.append(wide if len(wide) == 1 else sign)
    return "".join(folded)


def make_parser() -> Lark:
    """Return the parser of the grammar."""
    return Lark(GRAMMAR, parser="lalr", maybe_placeholders=True)
