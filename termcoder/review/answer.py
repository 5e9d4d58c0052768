r"""The form of a finding: what the model may write of a place, and how it is read back.

The model answers `No findings`, or in labelled lines (`Problem:`, `When:`, `Line:`, `Severity:`), under a grammar: the
line is one of those that it was shown, the severity one of the four. Whatever the text, nothing else comes out.

As in a diagnosis, the grammar's words are deterministic: one letter is part of one rule only.
"""

from collections.abc import Collection
from dataclasses import dataclass

from termcoder.engine.base import Grammar
from termcoder.review.finding import Severity

NOTHING = "No findings"


@dataclass(frozen=True, slots=True)
class Remark:
    """What the model says of a place. `scenario` begins with "When"."""

    line: int
    title: str
    scenario: str
    severity: Severity

    def __str__(self) -> str:
        return f"{self.title}. {self.scenario}."


def grammar_of(lines: Collection[int]) -> Grammar:
    """What an answer can be about a place with these lines."""
    numbers = " | ".join(f'"{line}"' for line in sorted(lines))
    ebnf = "\n".join(
        [
            f'root ::= "{NOTHING}\\n" | finding',
            'finding ::= "Problem: " title "\\nWhen: " prose "\\nLine: " line "\\nSeverity: " severity "\\n"',
            f"line ::= {numbers}",
            f"severity ::= {' | '.join(f'{chr(34)}{each}{chr(34)}' for each in Severity)}",
            'title ::= word (" " word){2,22}',
            'prose ::= word (" " word){3,40}',
            r"word ::= [!-~¡-ɏ‐-…]{1,40}",
        ]
    )
    return Grammar(ebnf + "\n", f"{NOTHING}\n")


def read_answer(text: str, lines: Collection[int]) -> Remark | None:
    """The remark in an answer; None where it says nothing, or nothing about one of these lines."""
    fields = dict(_field(line) for line in reversed(text.splitlines()) if ":" in line)
    number = fields.get("line", "")
    title, scenario = fields.get("problem", ""), fields.get("when", "")
    if not (title and scenario and number.isdecimal() and int(number) in lines):
        return None
    return Remark(int(number), _sentence(title), _scenario(scenario), _severity(fields.get("severity", "")))


def _field(line: str) -> tuple[str, str]:
    label, _, value = line.partition(":")
    return label.strip("*# ").lower(), value.strip("* ")


def _sentence(text: str) -> str:
    return text.rstrip(" .;,:")


def _scenario(text: str) -> str:
    text = _sentence(text)
    return text if text.lower().startswith("when ") else f"When {text}"


def _severity(word: str) -> Severity:
    return next((each for each in Severity if str(each) == word.strip(" .").lower()), Severity.MINOR)
