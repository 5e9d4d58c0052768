"""Puts the parts together: the one place that knows every one of them."""

import threading
from pathlib import Path

from termcoder.engine.base import Engine
from termcoder.engine.registry import LOCAL_BACKENDS, make_engine
from termcoder.errors import SettingsError
from termcoder.features.chat import Chat
from termcoder.features.diagnose import Diagnose
from termcoder.features.engine_host import EngineHost, Preparer, Report
from termcoder.features.parts import Parts
from termcoder.features.refactor import Refactor
from termcoder.features.review import ReviewFeature
from termcoder.features.session_book import SessionBook
from termcoder.history import History
from termcoder.sessions.store import SessionStore
from termcoder.settings import Settings
from termcoder.workspace import Workspace, find_root


def make_parts(settings: Settings, folder: Path) -> Parts:
    """What the program in the terminal works with."""
    chat = make_chat(settings, folder)
    diagnose = Diagnose(chat.workspace, chat.book, settings.diagnose)
    review = ReviewFeature(chat.workspace, chat.book, settings.review)
    refactor = Refactor(chat.workspace, chat.book, settings.refactor)
    return Parts(settings, make_host(settings), chat, diagnose, review, refactor, History())


def make_chat(settings: Settings, folder: Path, *, saved: bool = True) -> Chat:
    """The conversation of the project that `folder` is in."""
    workspace, store = Workspace(find_root(folder)), SessionStore() if saved else None
    if not settings.translate.model:
        return Chat(workspace, store, settings.chat)
    if not settings.translate.language:
        raise SettingsError("translate.model is set, but no language.", remedy='Set translate.language, as "deu_Latn".')
    from termcoder.features.translating import TranslatingChat
    from termcoder.models.nllb import NllbTranslator

    translator = NllbTranslator(settings.translate.model)
    return TranslatingChat(workspace, store, settings.chat, translator, settings.translate.language)


def make_diagnose(settings: Settings, folder: Path, *, saved: bool = True) -> Diagnose:
    """What reads the logs of the project that `folder` is in; with a session of its own."""
    workspace = Workspace(find_root(folder))
    return Diagnose(workspace, SessionBook(workspace.root, SessionStore() if saved else None), settings.diagnose)


def make_review(settings: Settings, folder: Path, *, saved: bool = True, index: Path | None = None) -> ReviewFeature:
    """What reviews the changes of the project that `folder` is in; with a session of its own.

    `index`: another index than the repository's own, as git gives one to a hook.
    """
    workspace = Workspace(find_root(folder))
    book = SessionBook(workspace.root, SessionStore() if saved else None)
    return ReviewFeature(workspace, book, settings.review, index)


def make_refactor(settings: Settings, folder: Path, *, saved: bool = True) -> Refactor:
    """What rewrites lines of the project that `folder` is in; with a session of its own."""
    workspace = Workspace(find_root(folder))
    return Refactor(workspace, SessionBook(workspace.root, SessionStore() if saved else None), settings.refactor)


def make_host(settings: Settings) -> EngineHost:
    """The engine's host, with nothing started."""
    prepare = _local_preparer(settings) if settings.engine.backend in LOCAL_BACKENDS else _remote_preparer(settings)
    return EngineHost(prepare, settings.model.name)


def _remote_preparer(settings: Settings) -> Preparer:
    def prepare(name: str, report: Report, cancel: threading.Event) -> Engine:
        return make_engine(settings, None, "" if name == "auto" else name)

    return prepare


def _local_preparer(settings: Settings) -> Preparer:
    def prepare(name: str, report: Report, cancel: threading.Event) -> Engine:
        from termcoder.models import store
        from termcoder.models.progress import as_text

        chosen = store.choose(name)
        folder = store.prepare(chosen, lambda progress: report(as_text(progress), None), cancel)
        return make_engine(settings, folder, chosen)

    return prepare
