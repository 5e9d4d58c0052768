"""Templates: their form, where they come from, and what becomes of broken ones."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder import prompts
from termcoder.conversation import Role
from termcoder.errors import PromptError
from termcoder.prompts import Place

GOOD = '+++\nname = "x"\nfeature = "chat"\ndescription = "d"\n+++\nUse {braces} and $thing.\n'
PICKED = """+++
name = "mine"
feature = "ask"
description = "d"
inline = ["language"]
[sampling]
temperature = 0
max_tokens = 50
[variables]
language = "the language"
code = "the code"
question = "what is asked"
+++
[system]
You explain.

[user]
```$language
$code
```

<wish>
$question
</wish>

Explain it.
"""


def put(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.md"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def own(isolated_home: Path) -> Path:
    return isolated_home / ".config" / "termcoder" / "prompts"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tmp_path / "project"


# The form


def test_a_body_keeps_its_braces_and_takes_its_variables() -> None:
    template = prompts.parse(GOOD, "x.md")
    assert template.variables == {"thing"}
    assert template.render(thing="tea") == "Use {braces} and tea.\n"


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(PromptError, match=r"\$thing"):
        prompts.parse(GOOD, "x.md").render()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no front matter",
        "+++\nname = \n+++\nbody",
        '+++\nname = "x"\n+++\nbody',
        GOOD.replace("$thing", "$ 5"),
        GOOD.replace("feature", "featur"),
        GOOD.replace('description = "d"', 'description = "d"\nsampling = 3'),
        GOOD.replace('description = "d"', 'description = "d"\nsampling = {temperature = 3}'),
        GOOD.replace('description = "d"', 'description = "d"\nsampling = {heat = 1}'),
        GOOD.replace('description = "d"', 'description = "d"\nanswer = "any"'),
        GOOD.replace('description = "d"', 'description = "d"\nanswer = {choices = ["one"]}'),
        GOOD.replace('description = "d"', 'description = "d"\nanswer = {regex = "a+"}'),
        GOOD.replace('description = "d"', 'description = "d"\nanswer = {regex = "(a{999}){999}", example = "a"}'),
        GOOD.replace('description = "d"', 'description = "d"\nanswer = {regex = "(?=a)", example = "a"}'),
    ],
)
def test_a_broken_template_says_so(text: str) -> None:
    with pytest.raises(PromptError, match=r"x\.md"):
        prompts.parse(text, "x.md")


def test_the_fixed_part_comes_first_and_the_task_last() -> None:
    template = prompts.parse(PICKED, "mine.md")
    system, user = template.messages(language="python", code="x = 1", question="why?")
    assert system.role is Role.SYSTEM
    assert system.content == "You explain.\n"
    assert user.content == "```python\nx = 1\n```\n\n<wish>\nwhy?\n</wish>\n\nExplain it.\n"
    assert template.head == (system,)
    assert (template.sampling.temperature, template.sampling.top_p, template.sampling.max_tokens) == (0.0, None, 50)


def test_a_paragraph_of_empty_variables_is_left_out() -> None:
    template = prompts.parse(PICKED, "mine.md")
    assert template.task(language="", code="", question="") == "Explain it.\n"
    assert "<wish>" not in template.task(language="c", code="x;", question="")


def test_a_template_without_sections_has_no_task() -> None:
    template = prompts.parse(GOOD, "x.md")
    assert not template.is_picked
    with pytest.raises(PromptError, match="no task"):
        template.task(thing="tea")


@given(
    st.text(st.sampled_from("ab`~</wishcode> \n1"), max_size=60), st.text(st.sampled_from("`</wish>1 \n"), max_size=60)
)
def test_no_value_can_end_its_delimiters(code: str, question: str) -> None:
    task = prompts.parse(PICKED, "mine.md").task(language="python", code=code, question=question)
    lines = task.split("\n")
    if code:
        mark = lines[0].removesuffix("python")
        assert set(mark) == {"`"}
        assert "\n".join(lines[1:]).startswith(f"{code}\n{mark}\n")
        assert not any(line.strip().startswith(mark) for line in code.split("\n"))
    if question:
        tag = next(line for line in lines if line.startswith("<wish") and f"\n{line}\n{question}\n</" in f"\n{task}")
        assert f"</{tag[1:-1]}" not in question
        assert task.endswith(f"{tag}\n{question}\n</{tag[1:]}\n\nExplain it.\n")


def test_a_value_is_never_read_as_a_variable() -> None:
    task = prompts.parse(PICKED, "mine.md").task(language="sh", code="echo $question $HOME", question="?")
    assert "echo $question $HOME" in task


def test_a_path_cannot_leave_its_tag() -> None:
    text = prompts.fill('<file path="$path">\n$text\n</file>', {"path": 'a">\nb', "text": "x"})
    assert text == '<file path="a\'> b">\nx\n</file>'


# Where they come from


def test_the_users_template_wins(own: Path) -> None:
    path = put(own, "chat", GOOD.replace('"x"', '"chat"').replace("$thing", "tea"))
    assert prompts.find("chat").origin == str(path)
    assert prompts.find("chat").place is Place.USER


def test_the_projects_wins_over_the_users_where_a_user_picks_it(own: Path, project: Path) -> None:
    put(own, "mine", PICKED)
    path = put(project / ".termcoder" / "prompts", "mine", PICKED)
    assert prompts.find("mine", project).origin == str(path)
    assert prompts.find("mine").place is Place.USER


@pytest.mark.parametrize("name", ["chat", "diagnose-task", "simplify", "new-piece"])
def test_a_project_never_gives_templates_to_features(project: Path, name: str) -> None:
    feature = "review" if name == "new-piece" else "ask"
    put(project / ".termcoder" / "prompts", name, PICKED.replace("mine", name).replace('"ask"', f'"{feature}"'))
    shelf = prompts.shelf(project)
    assert name not in shelf.templates or shelf.templates[name].place is Place.SHIPPED
    assert "make it yours" in str(shelf.problems[0])


def test_a_broken_one_gives_way_to_the_shipped_and_is_told(own: Path) -> None:
    path = put(own, "chat", "nothing")
    assert prompts.find("chat").place is Place.SHIPPED
    assert str(path) in str(prompts.shelf().problems[0])


def test_one_that_needs_what_nobody_offers_is_left_out(own: Path) -> None:
    put(own, "chat", GOOD.replace('"x"', '"chat"'))
    put(own, "mine", PICKED.replace("$code", "$colour"))
    assert prompts.find("chat").place is Place.SHIPPED
    with pytest.raises(PromptError, match=r"\$colour"):
        prompts.find("mine")


def test_a_changed_file_counts_at_the_next_use(own: Path) -> None:
    path = put(own, "mine", PICKED)
    assert "Explain it." in prompts.find("mine").body
    path.write_text(PICKED.replace("Explain it.", "Explain it all."), encoding="utf-8")
    assert "Explain it all." in prompts.find("mine").body
    before = path.stat()
    path.write_text(PICKED.replace("Explain it.", "Tell of it."), encoding="utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert "Tell of it." in prompts.find("mine").body
    path.unlink()
    with pytest.raises(PromptError):
        prompts.find("mine")


@pytest.mark.parametrize(("typed", "meant"), [("explan", "explain"), ("sim", "simplify"), ("tetss", "tests")])
def test_the_nearest_name_is_offered(typed: str, meant: str) -> None:
    with pytest.raises(PromptError, match=meant):
        prompts.find(typed)


def test_the_shipped_chat_template_needs_nothing() -> None:
    assert prompts.find("chat").variables == frozenset()


def test_sixteen_or_more_are_there_to_be_picked() -> None:
    assert len(prompts.shelf().picked()) >= 16


# In which language


@pytest.mark.parametrize(
    ("language", "line"), [("German", "Answer in German."), ("Chinese", "Think in English, answer in Chinese.")]
)
def test_the_language_of_answers_stands_in_the_fixed_part(language: str, line: str) -> None:
    head = prompts.answered_in(prompts.parse(PICKED, "mine.md").head, language)
    assert line in head[0].content
    assert head == prompts.answered_in(prompts.parse(PICKED, "mine.md").head, language)


def test_no_language_changes_nothing() -> None:
    head = prompts.parse(PICKED, "mine.md").head
    assert prompts.answered_in(head, " ") == head
