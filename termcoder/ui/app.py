"""The application: wiring only. What it shows is in panes, screens and widgets; what it does is in features."""

from collections.abc import Iterable
from dataclasses import dataclass

from textual import events, on, work
from textual.app import App, ComposeResult, SystemCommand
from textual.screen import Screen
from textual.widget import Widget

from termcoder import paths
from termcoder.engine.base import EngineState, EngineStatus
from termcoder.engine.registry import LOCAL_BACKENDS
from termcoder.errors import TermcoderError
from termcoder.features.chat import Chat
from termcoder.features.engine_host import EngineHost, model_label
from termcoder.history import History
from termcoder.settings import Settings
from termcoder.ui import themes
from termcoder.ui.commands import bindings_of, keys_label, with_keys
from termcoder.ui.inert import one_line
from termcoder.ui.panes.chat import ChatPane
from termcoder.ui.widgets.key_hints import KeyHints
from termcoder.ui.widgets.status_bar import StatusBar


@dataclass(frozen=True, slots=True)
class Parts:
    """What the composition root hands to the application."""

    settings: Settings
    host: EngineHost
    chat: Chat
    history: History


class TermcoderApp(App[int]):
    """A program with one engine and, so far, one pane."""

    TITLE = "termcoder"
    CSS_PATH = "styles/app.tcss"
    BINDINGS = bindings_of("app")
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self.parts = parts
        chat = parts.settings.chat
        self.commands = with_keys({"composer.send": chat.send_key, "composer.newline": chat.newline_key})
        self._theme_errors = self._load_themes()

    def compose(self) -> ComposeResult:
        """The chat pane over the status bar."""
        settings = self.parts.settings
        yield ChatPane(
            self.parts.chat,
            self.parts.host,
            self.parts.history,
            settings.chat,
            reads_ahead=settings.engine.backend in LOCAL_BACKENDS,
        )
        yield StatusBar()
        yield KeyHints(self.commands)

    def on_mount(self) -> None:
        """Start the engine after the first paint, so that the program is there at once."""
        self._unfollow = self.parts.host.subscribe(self._engine_changed)
        self.call_after_refresh(self._after_first_paint)

    def on_unmount(self) -> None:
        """The engine outlives the screen by a moment: don't follow it any longer."""
        self._unfollow()

    def _after_first_paint(self) -> None:
        self.parts.host.start()
        self._show_branch()
        for error in self._theme_errors:
            self.tell(str(error), severity="warning")

    @property
    def pane(self) -> ChatPane:
        """The pane in use."""
        return self.screen_stack[0].query_one(ChatPane)

    @property
    def bar(self) -> StatusBar:
        """The status bar."""
        return self.screen_stack[0].query_one(StatusBar)

    def tell(self, text: str, *, severity: str = "information") -> None:
        """Show a short notice; its text is never read as markup."""
        self.notify(text, severity=severity, markup=False)  # type: ignore[arg-type]  # Textual names the literals

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The command palette: every declared command that is not plain cursor movement."""
        for scope in ("composer", "transcript", "app"):
            for command in self.commands:
                if command.palette and command.scope == scope:
                    yield SystemCommand(command.title, keys_label(command), self._runner(scope, command.name))

    def _runner(self, scope: str, name: str):  # type: ignore[no-untyped-def]  # Textual's own callback type
        async def run() -> None:
            await self.run_action(name, default_namespace=self._owner(scope))

        return run

    def _owner(self, scope: str) -> "Widget | App[int]":
        return {"composer": self.pane.composer, "transcript": self.pane.transcript}.get(scope, self)

    def _scope(self) -> str:
        return "transcript" if self.pane.transcript.has_focus else "composer"

    @on(events.DescendantFocus)
    def _focus_moved(self) -> None:
        self.screen_stack[0].query_one(KeyHints).scope = self._scope()

    def _engine_changed(self, status: EngineStatus) -> None:
        engine = self.parts.host.engine
        self.bar.change(
            engine=status,
            model=model_label(engine.model.name if engine else self.parts.host.model_name),
            context_tokens=engine.model.context_tokens if engine else 0,
        )
        if status.state in (EngineState.READY, EngineState.FAILED):
            self._show_branch()

    def _show_branch(self) -> None:
        self.bar.change(branch=self.parts.chat.workspace.branch() or "")

    def action_help(self) -> None:
        """Show the keys of the place the user is in."""
        from termcoder.ui.screens.help import HelpScreen

        self.push_screen(HelpScreen(self.commands, self._scope()))

    def action_log(self) -> None:
        """Show the log."""
        from termcoder.ui.screens.log import LogScreen

        self.push_screen(LogScreen(paths.log_file()))

    def action_models(self) -> None:
        """Choose, fetch or remove a model."""
        from termcoder.ui.screens.models import ModelsScreen

        self.push_screen(ModelsScreen(self.parts.host.model_name), self._use_model)

    @work(exclusive=True, group="engine")
    async def _use_model(self, name: str | None) -> None:
        if name is not None and name != self.parts.host.model_name:
            await self.pane.stop_answer()
            await self.parts.host.switch(name)

    @work(exclusive=True, group="engine")
    async def action_restart_engine(self) -> None:
        """Stop the engine if it runs, and start it again."""
        await self.pane.stop_answer()
        await self.parts.host.restart()

    async def action_cancel(self) -> None:
        """Stop the answer, or take back the newest queued message."""
        await self.pane.cancel()

    async def action_new_session(self) -> None:
        """Begin an empty conversation; the old one stays on the disk."""
        await self.pane.new_session()

    def action_next_theme(self) -> None:
        """Go through the themes."""
        names = sorted(name for name in self.available_themes if not name.startswith("textual-"))
        at = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(at + 1) % len(names)]
        self.tell(f"Theme: {self.theme}")

    async def action_quit(self) -> None:
        """Save what there is of the answer and leave; the engine is ended by the composition root."""
        await self.pane.stop_answer()
        self.exit(0)

    def _load_themes(self) -> list[TermcoderError]:
        found, errors = themes.load_all()
        for name in list(self.available_themes):
            self.unregister_theme(name)
        for theme in found:
            self.register_theme(theme)
        wanted = self.parts.settings.ui.theme
        problems: list[TermcoderError] = list(errors)
        if wanted in self.available_themes:
            self.theme = wanted
        elif found:
            self.theme = found[0].name
            problems.append(TermcoderError(f"There is no theme {one_line(wanted)!r}.", remedy="F6 goes through them."))
        return problems
