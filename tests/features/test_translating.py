"""Translation: what is left alone, what is sent, what is shown, and what happens where it fails."""

import asyncio
import json
import re
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from termcoder import composition
from termcoder import settings as settings_module
from termcoder.engine.scripted import Script, ScriptedEngine
from termcoder.errors import ModelError, SettingsError
from termcoder.features.base import (
    TextDelta,
    Translated,
    TranslationFailed,
    TurnEvent,
    TurnFailed,
    TurnInterrupted,
    TurnSaved,
    Working,
)
from termcoder.features.translating import ENGLISH, TranslatingChat
from termcoder.features.translation_text import split_blocks, split_names, translated
from termcoder.models import nllb
from termcoder.models.nllb import NllbTranslator
from termcoder.sessions.store import SessionStore
from termcoder.settings import ChatSettings
from termcoder.workspace import Workspace

TEXT = """# Warum?

Die Funktion `load(x)` in src/app.py ruft read_all() auf. Siehe https://example.org/a?b=c!

- erstens: der Wert von maxItems
- zweitens

```python
def f():  # bleibt
    return "so"
```
1. Ende
"""


def loud(sentences: Sequence[str]) -> list[str]:
    """A translator that changes every word, and keeps the marks."""
    return [re.sub(r"[^\W\d_]+", lambda word: word[0] if len(word[0]) == 1 else "§" + word[0], s) for s in sentences]


def forgetful(sentences: Sequence[str]) -> list[str]:
    """A translator that loses all marks."""
    return [re.sub(r"X\d+Q", "", sentence).upper() for sentence in sentences]


# The text


def test_prose_is_translated_and_the_rest_is_not() -> None:
    assert translated(TEXT, loud) == (
        "# §Warum?\n\n"
        "§Die §Funktion `load(x)` §in src/app.py §ruft read_all() §auf. §Siehe https://example.org/a?b=c!\n\n"
        "- §erstens: §der §Wert §von maxItems\n"
        "- §zweitens\n\n"
        '```python\ndef f():  # bleibt\n    return "so"\n```\n'
        "1. §Ende\n"
    )


def test_a_translator_that_loses_names_loses_none() -> None:
    text = translated("Die Funktion `load(x)` in src/app.py ruft @a.py:3-4 auf.", forgetful)
    assert text == "DIE FUNKTION `load(x)` IN src/app.py RUFT @a.py:3-4 AUF."


def test_marks_may_change_places() -> None:
    text = translated("erst a.py dann b.py so", lambda _: ["then X1Q first X0Q so"])
    assert text == "then b.py first a.py so"


def test_a_call_of_a_template_stays() -> None:
    assert translated("/explain @app.py:1-3 warum", loud) == "/explain @app.py:1-3 §warum"


def test_all_sentences_go_in_one_call() -> None:
    calls: list[int] = []
    translated(TEXT, lambda sentences: calls.append(len(sentences)) or list(sentences))
    assert calls == [6]


@given(st.text(st.sampled_from("ab X0Q1`~\n.-#/@_!é中"), max_size=80))
@example("```\na\n```")
@example("~~~ unclosed\ntext")
def test_what_a_translator_gives_back_unchanged_is_the_text(text: str) -> None:
    assert translated(text, list) == text


@given(st.lists(st.sampled_from(["wort", "`c d`", "x_y", "a/b.py", "f()", "@a.py:2", "X0Q", "https://a.b/c", "aB"])))
@pytest.mark.parametrize("translate", [loud, forgetful])
def test_no_name_is_lost_or_changed(translate: object, words: list[str]) -> None:
    text = translated(" ".join(words), translate)  # type: ignore[arg-type]
    names = [word for word in words if word not in ("wort", "X0Q")]
    at = 0
    for name in names:
        found = text.find(name, at)
        assert found >= 0, (name, text)
        at = found + len(name)


@given(st.text(st.sampled_from("ab `~\n"), max_size=60))
def test_the_parts_are_the_text(text: str) -> None:
    assert "".join(piece.text for piece in split_blocks(text)) == text
    assert "".join(piece.text for piece in split_names(text)) == text


@given(st.text(st.sampled_from("ab \n"), max_size=40))
def test_code_between_fences_is_never_given_to_the_translator(code: str) -> None:
    seen: list[str] = []
    translated(f"vor\n```\n{code}q\n```\nnach", lambda s: seen.extend(s) or list(s))
    assert seen == ["vor", "nach"]


# The conversation


class Dictionary:
    """Translates what it has, and fails on what it has not."""

    def __init__(self, **entries: str) -> None:
        self.entries = entries
        self.asked: list[tuple[str, str]] = []

    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[str]:
        self.asked.append((source, target))
        try:
            return [self.entries[sentence.rstrip("?.")] for sentence in sentences]
        except KeyError as missing:
            raise ModelError(f"no word for {missing}", remedy="Learn it.") from missing


def chat_with(tmp_path: Path, translator: object) -> TranslatingChat:
    (tmp_path / "p").mkdir(exist_ok=True)
    (tmp_path / "p" / "a.py").write_text("x = 1\n")
    store = SessionStore()
    return TranslatingChat(Workspace(tmp_path / "p"), store, ChatSettings(), translator, "deu_Latn")  # type: ignore[arg-type]


async def say(chat: TranslatingChat, text: str, reply: str = "Because.") -> tuple[list[TurnEvent], ScriptedEngine]:
    engine = ScriptedEngine(Script(replies=[reply]))
    await engine.start()
    turn, _ = chat.new_turn(text)
    return [event async for event in chat.run(engine, turn, asyncio.Event())], engine


async def test_the_model_gets_english_and_the_user_gets_their_language(tmp_path: Path) -> None:
    translator = Dictionary(Warum="Why?", Because="Darum.")
    chat = chat_with(tmp_path, translator)
    events, engine = await say(chat, "@a.py Warum?")
    assert engine.requests[-1].messages[-1].content == '<file path="a.py">\nx = 1\n</file>\n\n@a.py Why?'
    assert translator.asked == [("deu_Latn", ENGLISH), (ENGLISH, "deu_Latn")]
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "Because."
    assert [type(event) for event in events[-2:]] == [Translated, TurnSaved]
    (turn,) = chat.turns
    assert (turn.question, turn.answer, turn.written) == ("@a.py Warum?", "Darum.", "Because.")
    again = chat_with(tmp_path, translator)
    again.restore()
    assert again.turns == chat.turns


async def test_the_model_reads_its_own_words_again(tmp_path: Path) -> None:
    chat = chat_with(tmp_path, Dictionary(Warum="Why?", Because="Darum."))
    await say(chat, "Warum?")
    _, engine = await say(chat, "Warum?")
    assert [message.content for message in engine.requests[-1].messages[1:]] == ["Why?", "Because.", "Why?"]


async def test_a_template_is_filled_in_with_english(tmp_path: Path) -> None:
    chat = chat_with(tmp_path, Dictionary(warum="why?", Because="Darum."))
    _, engine = await say(chat, "/explain @a.py warum?")
    assert "<question>\nwhy?\n</question>" in engine.requests[-1].messages[-1].content
    assert chat.turns[-1].question == "/explain @a.py warum?"


async def test_a_question_that_cannot_be_translated_is_not_sent(tmp_path: Path) -> None:
    chat = chat_with(tmp_path, Dictionary())
    events, engine = await say(chat, "Warum?")
    assert engine.requests == []
    assert isinstance(events[-2], TurnFailed)
    assert "Learn it." in chat.turns[-1].error


async def test_an_answer_that_cannot_be_translated_stays(tmp_path: Path) -> None:
    chat = chat_with(tmp_path, Dictionary(Warum="Why?"))
    events, _ = await say(chat, "Warum?")
    assert isinstance(events[-1], TranslationFailed)
    assert chat.turns[-1].answer == "Because."


class Slow:
    """Never comes to an end by itself."""

    def __init__(self, quick: int = 0) -> None:
        self.began, self.closed, self.quick = threading.Event(), threading.Event(), quick

    def translate(self, sentences: Sequence[str], source: str, target: str) -> Sequence[str]:
        if self.quick:
            self.quick -= 1
            return sentences
        self.began.set()
        self.closed.wait(30)
        raise ModelError("it was closed")

    def close(self) -> None:
        self.closed.set()


@pytest.mark.parametrize(("quick", "last"), [(0, TurnInterrupted), (1, Translated)])
async def test_esc_stops_a_translation(tmp_path: Path, quick: int, last: type) -> None:
    translator = Slow(quick)
    chat = chat_with(tmp_path, translator)
    engine = ScriptedEngine(Script(replies=["Because."]))
    await engine.start()
    cancel = asyncio.Event()
    turn, _ = chat.new_turn("Warum?")
    events = []
    async for event in chat.run(engine, turn, cancel):
        events.append(event)
        if isinstance(event, Working) and len(events) > quick:
            stopping = asyncio.ensure_future(asyncio.to_thread(translator.began.wait))
            stopping.add_done_callback(lambda _: cancel.set())
    assert [type(event) for event in events[-2:]] == [last, TurnSaved]
    assert chat.turns[-1].answer == ("Because." if quick else "")


# The model


def test_weights_that_are_not_there_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        NllbTranslator(str(tmp_path / "none")).translate(["a"], "deu_Latn", ENGLISH)
    assert "hf download" in caught.value.remedy


def test_the_process_answers_line_by_line_and_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "worker.py").write_text(
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    asked = json.loads(line)\n"
        "    if asked['source'] == 'die':\n"
        "        sys.exit(1)\n"
        "    bad = {'error': 'no language'} if asked['source'] == 'bad' else None\n"
        "    print(json.dumps(bad or {'sentences': [s.upper() for s in asked['sentences']]}), flush=True)\n"
    )
    monkeypatch.setattr(nllb, "WORKER", tmp_path / "worker.py")
    translator = NllbTranslator(str(tmp_path))
    assert list(translator.translate(["ab", "c"], "x", "y")) == ["AB", "C"]
    process = translator._process
    with pytest.raises(ModelError, match="no language"):
        translator.translate(["ab"], "bad", "y")
    with pytest.raises(ModelError, match="has ended"):
        translator.translate(["ab"], "die", "y")
    assert process is not None
    assert process.returncode == 1
    assert list(translator.translate(["ab"], "x", "y")) == ["AB"]  # it is started again
    translator.close()


def test_translation_is_off_unless_a_model_is_named(tmp_path: Path) -> None:
    assert type(composition.make_chat(settings_module.load(), tmp_path)).__name__ == "Chat"
    with pytest.raises(SettingsError, match="no language"):
        composition.make_chat(settings_module.load(flags={"translate.model": "x"}), tmp_path)
    flags = {"translate.model": str(tmp_path), "translate.language": "deu_Latn"}
    assert isinstance(composition.make_chat(settings_module.load(flags=flags), tmp_path), TranslatingChat)


@pytest.mark.slow
def test_a_real_network_translates(tmp_path: Path) -> None:
    """With weights drawn at random and a tiny vocabulary: the whole way through transformers."""
    folder = tiny_nllb(tmp_path)
    translator = NllbTranslator(str(folder))
    try:
        results = translator.translate(["ein Satz", "noch ein Satz"] * 5, "deu_Latn", ENGLISH)
        assert len(results) == 10
        assert all(isinstance(result, str) for result in results)
        with pytest.raises(ModelError, match="knows no language"):
            translator.translate(["ein Satz"], "deu_Latn", "xxx_Xxxx")
    finally:
        translator.close()


def tiny_nllb(folder: Path) -> Path:
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from transformers import M2M100Config, M2M100ForConditionalGeneration, NllbTokenizerFast

    target = folder / "tiny"
    words = ["<s>", "<pad>", "</s>", "<unk>", "▁", *"abcdefghijklmnopqrstuvwxyzES"]
    file = folder / "tokenizer.json"
    Tokenizer(BPE(vocab={word: at for at, word in enumerate(words)}, merges=[], unk_token="<unk>")).save(str(file))
    tokenizer = NllbTokenizerFast(tokenizer_file=str(file))
    tokenizer.save_pretrained(target)
    config = M2M100Config(
        vocab_size=len(tokenizer), d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16, max_position_embeddings=128,
        pad_token_id=1, bos_token_id=0, eos_token_id=2, decoder_start_token_id=2,
    )  # fmt: skip
    M2M100ForConditionalGeneration(config).save_pretrained(target)
    assert json.loads((target / "config.json").read_text())["model_type"] == "m2m_100"
    return target
