"""Templates: the shipped one, the user's own, and broken ones."""

from pathlib import Path

import pytest

from termcoder import prompts
from termcoder.errors import PromptError

GOOD = '+++\nname = "x"\nfeature = "chat"\ndescription = "d"\n+++\nUse {braces} and $thing.\n'


def test_a_body_keeps_its_braces_and_takes_its_variables() -> None:
    template = prompts.parse(GOOD, "x.md")
    assert template.variables == {"thing"}
    assert template.render(thing="tea") == "Use {braces} and tea.\n"


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(PromptError, match=r"\$thing"):
        prompts.parse(GOOD, "x.md").render()


@pytest.mark.parametrize(
    "text",
    ["", "no front matter", "+++\nname = \n+++\nbody", '+++\nname = "x"\n+++\nbody', GOOD.replace("$thing", "$ 5")],
)
def test_a_broken_template_says_so(text: str) -> None:
    with pytest.raises(PromptError, match=r"x\.md"):
        prompts.parse(text, "x.md")


def test_the_users_template_wins(isolated_home: Path) -> None:
    own = isolated_home / ".config" / "termcoder" / "prompts" / "chat.md"
    own.parent.mkdir(parents=True)
    own.write_text(GOOD.replace('"x"', '"chat"'), encoding="utf-8")
    assert prompts.find("chat").origin == str(own)


def test_the_shipped_chat_template_needs_nothing() -> None:
    assert prompts.find("chat").variables == frozenset()
