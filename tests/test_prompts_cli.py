"""`termcoder prompts`: what it prints, where it writes, and that it writes over nothing."""

import json
from pathlib import Path

import pytest

from termcoder import cli, prompts
from termcoder.prompts.regular import ebnf_of_choices, ebnf_of_regex
from termcoder.prompts.starting import starting_text


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def run(project: Path, *words: str) -> int:
    return cli.main(["-C", str(project), "prompts", *words])


def test_the_list_tells_what_there_is_and_where_from(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, "new", "mine", "--project") == 0
    capsys.readouterr()
    assert run(project) == 0
    lines = {line.split()[0]: line.split()[1] for line in capsys.readouterr().out.splitlines()}
    assert lines["/explain"] == "shipped"
    assert lines["/mine"] == "project"
    assert "chat" not in lines


def test_the_list_for_programs(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, "list", "--all", "--json") == 0
    found = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert found["explain"]["picked"]
    assert not found["chat"]["picked"]
    assert "files" in found["explain"]["variables"]


def test_a_broken_one_is_named_on_standard_error(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project / ".termcoder" / "prompts"
    folder.mkdir(parents=True)
    (folder / "bad.md").write_text("\x1b]0;nothing\x07")
    assert run(project, "list") == 0
    err = capsys.readouterr().err
    assert "bad.md" in err
    assert "\x1b" not in err


def test_show_prints_the_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, "show", "explain") == 0
    shown = capsys.readouterr()
    assert prompts.parse(shown.out, "explain").name == "explain"
    assert "explain.md" in shown.err


def test_a_new_one_is_the_users_and_can_be_used_at_once(
    project: Path, isolated_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(project, "new", "mine") == 0
    path = isolated_home / ".config/termcoder/prompts/mine.md"
    assert str(path) in capsys.readouterr().out
    assert path.stat().st_mode & 0o777 == 0o600
    assert prompts.find("mine").is_picked
    assert run(project, "check", str(path)) == 0


def test_nothing_is_written_over(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, "new", "mine") == 0
    before = prompts.find("mine").body
    assert run(project, "new", "mine", "--from", "explain") == 1
    assert "is there already" in capsys.readouterr().err
    assert prompts.find("mine").body == before


def test_a_link_does_not_lead_out_of_the_project(project: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (project / ".termcoder").symlink_to(tmp_path / "elsewhere")
    assert run(project, "new", "mine", "--project") == 1
    assert list((tmp_path / "elsewhere").rglob("*.md")) == []


@pytest.mark.parametrize("name", ["../x", "", "A", "a/b", ".x"])
def test_a_name_cannot_lead_elsewhere(project: Path, name: str) -> None:
    assert run(project, "new", name) == 1
    assert run(project, "new", "fine", "--from", name) == 1
    assert run(project, "show", name) == 1


def test_a_copy_takes_the_projects_file_for_the_user(project: Path) -> None:
    assert run(project, "new", "chat", "--project", "--from", "chat") == 0
    file = project / ".termcoder/prompts/chat.md"
    file.write_text(file.read_text().replace("Rules:", "Our rules:"))
    assert "Our rules:" not in prompts.find("chat", project).body
    assert run(project, "new", "chat", "--from", "chat") == 0
    assert "Our rules:" in prompts.find("chat").body


def test_check_finds_nothing_in_what_is_shipped(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, "check") == 0
    assert "no complaints" in capsys.readouterr().err


def test_check_names_the_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, "new", "mine", "--project") == 0
    file = project / ".termcoder/prompts/mine.md"
    file.write_text(file.read_text().replace("The task,", "Please do the task,"))
    capsys.readouterr()
    assert run(project, "check") == 3
    out = capsys.readouterr().out
    line = file.read_text().splitlines().index(next(e for e in file.read_text().splitlines() if "Please" in e)) + 1
    assert f"mine.md:{line}: 'Please' softens" in out
    assert run(project, "check", "--json", str(file)) == 3
    assert json.loads(capsys.readouterr().out)[0]["line"] == line


def test_check_tells_what_keeps_one_from_being_used(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, "new", "chat", "--project", "--from", "chat") == 0
    assert run(project, "check") == 3
    assert "make it yours" in capsys.readouterr().out


def test_the_starting_text_uses_what_it_declares() -> None:
    template = prompts.parse(starting_text("mine"), "mine.md")
    assert set(template.declared) == template.variables


# Grammars of answers


def test_a_regex_becomes_a_grammar() -> None:
    assert ebnf_of_regex(r"^(?:feat|fix)\: \w{3,5}[a-z-]*\.$") == (
        'root ::= ( "f" "e" "a" "t" | "f" "i" "x" ) ":" " " [A-Za-z0-9_]{3,5} [a-z-]* "."\n'
    )


@pytest.mark.parametrize("regex", [r"(?=a)b", r"\bx", "(", "*a", r"(a)\1", "a|*"])
def test_a_regex_without_a_grammar_says_so(regex: str) -> None:
    with pytest.raises(ValueError, match="regex"):
        ebnf_of_regex(regex)


def test_choices_become_a_grammar() -> None:
    assert ebnf_of_choices(('a "b"', "c\\")) == 'root ::= "a \\"b\\"" | "c\\\\"\n'
