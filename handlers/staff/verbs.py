"""What staff can ask for: one shape for a button, a command and the answer to a question of ours."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from domain.interactions import Interaction
from domain.outcomes import Refusal
from domain.outgoing import Rows
from domain.people import StaffMember
from handlers.context import CareContext
from services.work import Work


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing a member of staff asks for.

    ``arguments`` stand behind the case in a button's data (``k:<verb>:<case_id>:<a>:<b>``), ``words`` behind a command,
    or are what was answered to a prompt. ``replied`` is what the command answers: staff's own or the customer's words.
    ``replacing`` is the message of ours that was tapped, when it is no card and may be rewritten.
    """

    context: CareContext
    case_id: int | None
    arguments: tuple[str, ...] = ()
    words: str = ""
    replied: Interaction | None = None
    replacing: int | None = None

    @property
    def work(self) -> Work:
        """The transaction with its moment, rules and words."""
        return self.context.work

    @property
    def member(self) -> StaffMember:
        """Who asks."""
        return self.context.member

    @property
    def language(self) -> str:
        """The language in which whoever asks is answered."""
        return self.context.language

    @property
    def tapped(self) -> bool:
        """Whether a button was pressed, not a command or an answer written."""
        return self.context.tap is not None

    @property
    def case(self) -> int:
        """The id of the case; -1, which is nobody's, when there is none."""
        return -1 if self.case_id is None else self.case_id

    def argument(self, index: int = 0) -> str:
        """Return an argument of the button, empty when it is missing."""
        return self.arguments[index] if index < len(self.arguments) else ""

    def number(self, index: int = 0) -> int:
        """Return an argument of the button as a number; a forged or damaged one is -1, which is nobody's id."""
        word = self.argument(index)
        value = int(word) if word.isascii() and word.isdigit() and len(word) < 20 else -1
        return value if value < 2**63 else -1


@dataclass(frozen=True, slots=True)
class Done:
    """What is said when it was done: a pop-up for a tap, words in place for a command; nothing without a ``key``.

    ``shown``: said as a message for a tap, too. With ``buttons`` it is a picker, and is rewritten when one of them is
    tapped. ``prompt`` is a text key: whoever asked is asked for words, and the same verb runs again with them and with
    ``arguments``. ``deed`` is false where nothing was changed: such a command is not kept among what was said.
    ``told``: all who read the case have read it already, so that it is only said to whoever asked elsewhere.
    """

    key: str | None
    values: dict[str, object] = field(default_factory=dict)
    buttons: Rows = ()
    shown: bool = False
    prompt: str | None = None
    arguments: tuple[str, ...] = ()
    deed: bool = True
    told: bool = False


Do = Callable[[Ask], Awaitable[Done | Refusal]]


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing staff can do, by button, command or answer to a prompt.

    Its button reads ``staff.button.<name>``, its line in Telegram's list of commands ``command.staff.<name>``.
    ``prompt`` is the text key of what is asked when neither words nor arguments came. ``menu``: stands in the card's
    menu; ``command``: stands in Telegram's list of commands (it is understood when typed in any case).
    """

    name: str
    do: Do
    needs_case: bool = True
    prompt: str | None = None
    aliases: tuple[str, ...] = ()
    menu: bool = True
    command: bool = True
