"""The application: wiring only. What it shows is in panes, screens and widgets; what it does is in features."""

import gc
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from textual import events, on, work
from textual.app import App, ComposeResult, SystemCommand
from textual.containers import Container
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from termcoder import paths
from termcoder.engine.base import EngineState, EngineStatus
from termcoder.errors import TermcoderError
from termcoder.opening import Opening
from termcoder.settings import Settings
from termcoder.ui import themes
from termcoder.ui.commands import PANE_SCOPES, bindings_of, keys_label, with_keys
from termcoder.ui.inert import one_line
from termcoder.ui.panes.chat import ChatPane
from termcoder.ui.widgets.composer import Composer
from termcoder.ui.widgets.find_line import FindLine
from termcoder.ui.widgets.key_hints import KeyHints
from termcoder.ui.widgets.pane_tabs import PaneTabs
from termcoder.ui.widgets.status_bar import StatusBar
from termcoder.ui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from termcoder.features.parts import Parts
    from termcoder.ui.panes.review import ReviewPane
    from termcoder.ui.panes.traceback import TracebackPane
    from termcoder.ui.screens.rewrite import FailedTests


PANES = (("chat", "Chat", "F2"), ("traceback", "Traceback", "F2"), ("review", "Review", "F2"))
"""Each pane's name, its title, and the key that leads to it from the first."""


class TermcoderApp(App[int]):
    """A program with one engine and several panes."""

    TITLE = "termcoder"
    CSS_PATH = "styles/app.tcss"
    BINDINGS = bindings_of("app")
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(self, settings: Settings, make_parts: "Callable[[], Parts]", opening: Opening | None = None) -> None:
        """`make_parts` is called after the first paint: what it imports need not be waited for."""
        super().__init__()
        self._opening = opening
        self._traceback: TracebackPane | None = None
        self._review: ReviewPane | None = None
        self._pasted = ""  # before there was a traceback pane
        self._settings = settings
        self._make_parts = make_parts
        self.parts: Parts | None = None
        keys = settings.chat
        self.commands = with_keys({"composer.send": keys.send_key, "composer.newline": keys.newline_key})
        self._theme_errors = self._load_themes()
        self._unfollow: Callable[[], None] = lambda: None

    def compose(self) -> ComposeResult:
        """The panes, of which one is seen, over the status bar."""
        yield PaneTabs(PANES)
        with ContentSwitcher(initial="traceback" if self._opening else "chat", id="panes"):
            yield ChatPane(self._settings.chat, id="chat")
            yield Container(id="traceback")
            yield Container(id="review")
        yield StatusBar()
        yield KeyHints(self.commands)

    def on_mount(self) -> None:
        """Everything that need not be on the screen comes after the first paint."""
        self.call_after_refresh(self._after_first_paint)

    def on_unmount(self) -> None:
        """The engine outlives the screen by a moment: don't follow it any longer."""
        self._unfollow()

    async def _after_first_paint(self) -> None:
        self.parts = parts = self._make_parts()
        self._unfollow = parts.host.subscribe(self._engine_changed)
        self.run_worker(self.pane.attach(parts))
        self.run_worker(self._attach_traceback(parts))
        self.run_worker(self._attach_review(parts))
        parts.host.start()
        self._show_branch()
        for error in self._theme_errors:
            self.tell(str(error), severity="warning")
        import termcoder.ui.widgets.prose  # noqa: F401 - the first answer need not wait for the Markdown parser

        gc.freeze()  # what is there now stays: a full collection need not look at it
        gc.enable()

    async def _attach_traceback(self, parts: "Parts") -> None:
        """Make the traceback pane. Only now: what it imports takes a moment."""
        from termcoder.ui.panes.diagnosing import Diagnosing
        from termcoder.ui.panes.traceback import TracebackPane

        pane = TracebackPane()
        await self.screen_stack[0].query_one("#traceback").mount(pane)
        if not self.is_running:  # it ended meanwhile
            return
        diagnosing = Diagnosing(pane, parts)
        pane.attach(diagnosing)
        self._traceback = pane
        if self._pasted:
            diagnosing.paste(self._pasted)
        elif self._opening:
            diagnosing.load(self._opening.log, self._opening.command)
        self.show_pane(self.active_pane)
        await self.pane.conversation()  # the session is restored
        await diagnosing.restore()

    async def _attach_review(self, parts: "Parts") -> None:
        """Make the review pane. It reads the repository when it is first shown."""
        from termcoder.ui.panes.review import ReviewPane
        from termcoder.ui.panes.reviewing import Reviewing

        pane = ReviewPane(split=parts.review.settings.split)
        await self.screen_stack[0].query_one("#review").mount(pane)
        if self.is_running:
            await self.pane.conversation()  # the session, with its reviews, is restored
        if not self.is_running:  # it ended meanwhile
            return
        pane.attach(Reviewing(pane, parts))
        self._review = pane
        if self.active_pane == "review":
            self.show_pane("review")

    @property
    def pane(self) -> ChatPane:
        """The chat."""
        return self.screen_stack[0].query_one(ChatPane)

    @property
    def traceback(self) -> "TracebackPane | None":
        """The traceback pane, once it is ready."""
        return self._traceback

    @property
    def review(self) -> "ReviewPane | None":
        """The review pane, once it is ready."""
        return self._review

    @property
    def active_pane(self) -> str:
        """The name of the pane that is seen."""
        return str(self.screen_stack[0].query_one("#panes", ContentSwitcher).current)

    def show_pane(self, name: str) -> None:
        """Show a pane and give it the keys."""
        root = self.screen_stack[0]
        root.query_one("#panes", ContentSwitcher).current = name
        root.query_one(PaneTabs).active = name
        if name == "chat":
            self.pane.composer.focus()
            return
        pane = self.traceback if name == "traceback" else self.review
        if pane is None:
            self.screen.set_focus(None)  # the message gets no keys that are meant for the pane to come
            return
        pane.take_focus()
        if name == "review":
            self._look_again()

    @on(events.AppFocus)
    def _look_again(self) -> None:
        """The user is back at the terminal, or goes to the review: git may have been used meanwhile."""
        if self.review is not None and self.active_pane == "review":
            self.review.look_again()

    @on(events.Paste)
    def _pasted_early(self, event: events.Paste) -> None:
        """Keep what was pasted for a pane that is not ready yet."""
        if self.active_pane == "traceback" and self.traceback is None:
            self._pasted = event.text

    def action_next_pane(self) -> None:
        """Show the next pane."""
        names = [name for name, _, _ in PANES]
        self.show_pane(names[(names.index(self.active_pane) + 1) % len(names)])

    @on(PaneTabs.Chosen)
    def _pane_chosen(self, event: PaneTabs.Chosen) -> None:
        self.show_pane(event.name)

    @property
    def _is_covered(self) -> bool:
        """Whether another screen lies over the panes."""
        return len(self.screen_stack) > 1

    @property
    def bar(self) -> StatusBar:
        """The status bar."""
        return self.screen_stack[0].query_one(StatusBar)

    def tell(self, text: str, *, severity: str = "information") -> None:
        """Show a short notice; its text is never read as markup."""
        self.notify(text, severity=severity, markup=False)  # type: ignore[arg-type]  # Textual names the literals

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The command palette: every declared command that is not plain cursor movement."""
        for scope in (*PANE_SCOPES[self.active_pane], "app"):
            for command in self.commands:
                if command.palette and command.scope == scope:
                    yield SystemCommand(command.title, keys_label(command), self._runner(scope, command.name))
        if self.parts is not None:
            from termcoder.ui.template_commands import template_commands

            yield from template_commands(self.parts.chat.workspace.root, self._to_message)

    def _to_message(self) -> Composer:
        """Bring the message into sight."""
        self.show_pane("chat")
        return self.pane.composer

    def _runner(self, scope: str, name: str) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            await self.run_action(name, default_namespace=self._owner(scope))

        return run

    def _owner(self, scope: str) -> "Widget | App[int]":
        owners: dict[str, Widget | None] = {
            "composer": self.pane.composer,
            "transcript": self.pane.transcript,
            "traceback": self.traceback,
            "review": self.review,
            "diff": self.review.diff if self.review else None,
        }
        return owners.get(scope) or self

    def _scope(self) -> str:
        """The place the user is in: what the help begins with, and the line of keys shows."""
        if self.active_pane == "chat":
            here = self.screen_stack[0].focused  # also while the palette is still there
            if here is not None and isinstance(here.parent, FindLine):
                return "find"
            return "transcript" if self.pane.transcript.has_focus else "composer"
        focused = self.focused.id if self.focused is not None else None
        return focused if focused in PANE_SCOPES[self.active_pane] else self.active_pane

    @on(events.DescendantFocus)
    def _focus_moved(self) -> None:
        if not self.is_running:  # the last move comes as the screens go
            return
        scope = self._scope()
        around = () if self.active_pane == "chat" else (self.active_pane,)
        self.screen_stack[0].query_one(KeyHints).scopes = (scope, *around)

    def _engine_changed(self, status: EngineStatus) -> None:
        if self.parts is None:
            return
        host = self.parts.host
        tokens = host.engine.model.context_tokens if host.engine else 0
        self.bar.change(engine=status, model=host.model_label, context_tokens=tokens)
        if status.state in (EngineState.READY, EngineState.FAILED):
            self._show_branch()

    def _show_branch(self) -> None:
        if self.parts is not None:
            self.bar.change(branch=self.parts.chat.workspace.branch() or "")

    def action_help(self) -> None:
        """Show the keys of the place the user is in."""
        from termcoder.ui.screens.help import HelpScreen

        self.push_screen(HelpScreen(self.commands, self._scope()))

    def action_log(self) -> None:
        """Show the log."""
        from termcoder.ui.screens.log import LogScreen

        self.push_screen(LogScreen(paths.log_file()))

    def action_refactor(self) -> None:
        """Rewrite lines of a file: of the one that is shown here, or another."""
        from termcoder.ui.screens.refactor import RefactorScreen, place_of

        if self.parts is not None and not self._is_covered:
            screen = RefactorScreen(self.parts.refactor, self.parts.host, place_of(self.focused))
            self.push_screen(screen, self._diagnose_tests)

    def _diagnose_tests(self, failed: "FailedTests | None") -> None:
        if failed is not None and self.traceback is not None:
            self.show_pane("traceback")
            self.run_worker(self._load_log(failed.log, failed.command))

    async def _load_log(self, log: str, command: str) -> None:
        if self.traceback is not None:
            (await self.traceback.diagnosing()).load(log, command)

    def action_models(self) -> None:
        """Choose, fetch or remove a model."""
        from termcoder.ui.screens.models import ModelsScreen

        if self.parts is not None:
            self.push_screen(ModelsScreen(self.parts.host.model_name), self._use_model)

    def _use_model(self, name: str | None) -> None:
        if name is not None:
            self.run_worker(self._switch(name), group="engine", exclusive=True)

    async def _switch(self, name: str) -> None:
        if self.parts is not None and name != self.parts.host.model_name:
            await (await self.pane.conversation()).stop_answer()
            await self.parts.host.switch(name)

    @work(exclusive=True, group="engine")
    async def action_restart_engine(self) -> None:
        """Stop the engine if it runs, and start it again."""
        if self.parts is not None:
            await (await self.pane.conversation()).stop_answer()
            await self.parts.host.restart()

    async def action_cancel(self) -> None:
        """Stop what runs in this pane: an answer, or the newest queued message; a diagnosis, a trial, a review."""
        if self.active_pane == "chat":
            await (await self.pane.conversation()).cancel()
        elif self.active_pane == "traceback" and self.traceback is not None:
            (await self.traceback.diagnosing()).cancel()
        elif self.active_pane == "review" and self.review is not None:
            (await self.review.reviewing()).cancel()

    async def action_new_session(self) -> None:
        """Begin an empty conversation; the old one stays on the disk. Not below a screen that shows the old one."""
        if not self._is_covered:
            await (await self.pane.conversation()).new_session()

    async def action_sessions(self) -> None:
        """Choose another session, or search, rename, delete, export one."""
        from termcoder.ui import switching

        if self.parts is not None and not self._is_covered:
            await switching.choose_session(self, self.parts)

    @on(Transcript.ForkRequested)
    async def _fork(self, event: Transcript.ForkRequested) -> None:
        from termcoder.ui import switching

        if self.parts is not None:
            await switching.fork(self, self.parts, event.turn_id)

    async def action_find(self) -> None:
        """Find words in the conversation."""
        if not self._is_covered:
            if self.active_pane != "chat":
                self.show_pane("chat")
            await self.pane.transcript.open_find()

    async def action_memory(self) -> None:
        """Show what the model is told of turns that it no longer reads whole."""
        if not self._is_covered:
            (await self.pane.conversation()).show_note()

    def action_next_theme(self) -> None:
        """Go through the themes."""
        names = sorted(name for name in self.available_themes if not name.startswith("textual-"))
        at = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(at + 1) % len(names)]
        self.tell(f"Theme: {self.theme}")

    async def action_quit(self) -> None:
        """Save what there is of the answer and leave; the engine is ended by the composition root."""
        if self.pane.answering:
            await (await self.pane.conversation()).stop_answer()
        if (traceback := self.traceback) is not None and traceback.busy:
            (await traceback.diagnosing()).cancel()
        if (review := self.review) is not None and review.busy:
            (await review.reviewing()).close()
        self.exit(0)

    def _load_themes(self) -> list[TermcoderError]:
        found, errors = themes.load_all()
        for name in list(self.available_themes):
            self.unregister_theme(name)
        for theme in found:
            self.register_theme(theme)
        wanted = self._settings.ui.theme
        problems: list[TermcoderError] = list(errors)
        if wanted in self.available_themes:
            self.theme = wanted
        elif found:
            self.theme = found[0].name
            problems.append(TermcoderError(f"There is no theme {one_line(wanted)!r}.", remedy="F6 goes through them."))
        return problems
