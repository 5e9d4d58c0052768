"""What the traceback pane does: reads a log, diagnoses an error of it, tries fixes and applies one.

Everything that takes a moment runs in a worker, one of a kind at a time; Esc stops it. All methods belong to the
event loop.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from textual.widget import Widget

from termcoder.conversation import Turn
from termcoder.diagnosis.answer import Diagnosis
from termcoder.diagnosis.fixes import Checked, Fix
from termcoder.diagnosis.incident import Incident, Place, Step
from termcoder.edits import Patch, UndoStore, apply
from termcoder.engine.base import Engine, EngineState, EngineStatus
from termcoder.errors import TermcoderError
from termcoder.features.diagnosis_run import (
    DiagnosisEnded,
    DiagnosisEvent,
    DiagnosisGrew,
    EvidenceReady,
    FixesFound,
    notes_of,
)
from termcoder.features.parts import Parts
from termcoder.sessions.schema import new_id, utc_now
from termcoder.tracebacks import Certainty
from termcoder.ui.inert import inert, one_line
from termcoder.ui.widgets.diagnosis_view import DiagnosisView
from termcoder.ui.widgets.draft import normalise
from termcoder.ui.widgets.error_list import ErrorList
from termcoder.ui.widgets.fix_list import FixList
from termcoder.ui.widgets.log_view import LogMark, LogView
from termcoder.ui.widgets.source_view import SourceView
from termcoder.ui.widgets.status_bar import StatusBar

if TYPE_CHECKING:
    from termcoder.ui.panes.traceback import TracebackPane

_Shown = TypeVar("_Shown", bound=Widget)


class Diagnosing:
    """Drives one traceback pane."""

    def __init__(self, pane: "TracebackPane", parts: Parts) -> None:
        self._pane = pane
        self._feature = parts.diagnose
        self._host = parts.host
        self._undo = UndoStore(parts.diagnose.workspace.root)
        self._incident: Incident | None = None
        self._turn_id = ""
        self._asked = False  # the user brought a log
        self._command = parts.settings.diagnose.command
        self._found = Checked()
        self._diagnosis = Diagnosis()
        self._notes: list[str] = []
        self._activity = ""
        self._cancel = asyncio.Event()
        self._cancel_trial = threading.Event()
        self._unfollow = self._host.subscribe(self._engine_changed)

    def close(self) -> None:
        """Follow the engine no longer, and end what runs."""
        self._unfollow()
        self._cancel.set()
        self._cancel_trial.set()

    @property
    def busy(self) -> bool:
        """Whether a diagnosis or a trial is under way."""
        return bool(self._activity)

    # Reading

    def load(self, log: str, command: str = "", error: int = -1) -> None:
        """Show another log. `command`: what reproduces its error. `error`: the one to choose, if not the root."""
        self._asked = True
        self.cancel()
        self._command = command or self._command
        self._run(partial(self._load, log, error), "load")

    def paste(self, text: str) -> None:
        """Show a pasted log. Most terminals paste CR for every newline; beside LF it is the log's own."""
        self.load(text if "\n" in text else normalise(text))

    async def restore(self) -> None:
        """Show the log of the restored session, unless the user has brought another one."""
        restored = self._feature.restored()
        if restored is not None and not self._asked:
            self._run(partial(self._load, *restored, keep=False), "load")

    def show_session(self) -> None:
        """Show the log of the session that was opened, or none. Not while `busy`."""
        self._asked = False
        log, error = self._feature.restored() or ("", -1)
        self._run(partial(self._load, log, error, keep=False), "load")

    async def _load(self, log: str, error: int = -1, *, keep: bool = True) -> None:
        self._view(DiagnosisView).show_state("reading the log" if log else "", "waiting")
        incident = await asyncio.to_thread(self._feature.read, log)
        self._incident = incident
        self._turn_id = new_id()
        self._found, self._diagnosis, self._notes = Checked(), Diagnosis(), []
        chosen = error if 0 <= error < len(incident.report.errors) else incident.root
        self._show_log(incident, chosen)
        self._show_fixes()
        if chosen is None:
            self._show_nothing(incident)
            return
        await self._chosen(incident, chosen)
        if self._pane.has_focus_within:
            self._view(ErrorList).focus()
        if keep:
            await self._keep(incident, chosen)

    def _show_log(self, incident: Incident, chosen: int | None) -> None:
        log = self._view(LogView)
        log.load(incident.log)
        log.mark(_marks(incident))
        self._view(ErrorList).load(incident, chosen=chosen)
        if chosen is not None:
            step = incident.culprit(chosen)
            error = incident.error(chosen)
            log.go_to(step.frame.at if step and not error.at else error.at)

    def _show_nothing(self, incident: Incident) -> None:
        self._view(SourceView).show_message("")
        count = incident.report.lines
        lines = f"{count:,} lines" if count != 1 else "1 line"
        nothing = f"No error was found in {lines}." if incident.log.strip() else ""
        self._view(DiagnosisView).show_state(nothing)

    async def _chosen(self, incident: Incident, index: int) -> None:
        """Show what is known of an error without the model."""
        await self._show_source(incident.lead(index))
        self._found = await asyncio.to_thread(self._feature.rule_fixes, incident, index)
        self._show_fixes()
        if not self.busy and not self._diagnosis.cause:
            self._show_invitation(incident, index)

    def _show_invitation(self, incident: Incident, index: int) -> None:
        sure = {Certainty.GUESS: "This may not be an error. ", Certainty.LIKELY: ""}
        doubt = sure.get(incident.failure(index).certainty, "")
        trial = f", and try them with `{one_line(self._command)}`" if self._command else ""
        skipped = "".join(f" Not read: {what}." for what in incident.report.skipped)
        self._view(DiagnosisView).show_state(f"{doubt}Press d for the cause and fixes by the model{trial}.{skipped}")

    async def _keep(self, incident: Incident, index: int) -> None:
        turn = Turn(self._turn_id, incident.error(index).type, started_at=utc_now())
        try:
            await asyncio.to_thread(self._feature.record, turn, incident, index)
        except TermcoderError as error:
            self._tell_error(error)

    # Looking around

    async def show_step(self, error: int, step: int | None) -> None:
        """Show the source of a step, and where the log has it."""
        if self._incident is None or error >= len(self._incident.steps):
            return
        steps = self._incident.steps[error]
        if step is not None and step < len(steps):
            await self._show_source(steps[step])
            self._view(LogView).go_to(steps[step].frame.at)
        else:
            await self._show_source(self._incident.lead(error))
            self._view(LogView).go_to(self._incident.error(error).at)

    async def show_place(self, path: str, line: int) -> None:
        """Show a place that the diagnosis names."""
        await self._show(Place(path, line), "")

    def choose_line(self, line: int) -> None:
        """Go to the error that a line of the log belongs to."""
        if self._incident is None:
            return
        for index, error in enumerate(self._incident.report.errors):
            if error.at == line or any(frame.at == line for frame in error.frames):
                self._view(ErrorList).load(self._incident, chosen=index)
                self._run(partial(self.show_step, index, _step_at(self._incident.steps[index], line)), "show")
                return

    async def _show_source(self, step: Step | None) -> None:
        if step is None or step.place is None:
            self._view(SourceView).show_message("The log names no line of a file here.")
        elif step.located is None:
            self._view(SourceView).show_message(f"{one_line(str(step.place))} is not in this project.")
        else:
            shared = step.located.shared
            parts = f"its last {shared} parts" if shared > 1 else "its name"
            note = "" if step.located.exact else f"≈ {one_line(step.frame.file or '')}, found by {parts}"
            await self._show(step.place, note, step.frame.column)

    async def _show(self, place: Place, note: str, column: int | None = None) -> None:
        text = await asyncio.to_thread(self._feature.source, place.path)
        if text is None:
            self._view(SourceView).show_message(f"{one_line(place.path)} can't be read.")
            return
        marked = {other.line for other in self._places() if other.path == place.path}
        self._view(SourceView).show(place.path, text, place.line, column, note=note, marked=marked)

    def _places(self) -> tuple[Place, ...]:
        return self._incident.places if self._incident else ()

    async def edit(self, path: str, line: int) -> None:
        """Open a file in the user's editor, and show it anew afterwards."""
        from termcoder.ui import editor

        try:
            await editor.open_file(self._pane.app, self._feature.workspace.root / path, line)
        except TermcoderError as error:
            self._tell_error(error)
        await self._show(Place(path, line), "")

    # Diagnosing

    def diagnose(self) -> None:
        """Ask the model about the chosen error; where the user gave a command, try the fixes with it."""
        index = self._view(ErrorList).chosen
        if self._incident is None or index is None:
            self._pane.app.notify("Paste an error log first.", severity="warning")
        elif not self.busy:
            self._run(partial(self._diagnose, self._incident, index), "diagnose")

    async def _diagnose(self, incident: Incident, index: int) -> None:
        self._cancel = asyncio.Event()
        self._diagnosis, self._notes = Diagnosis(), []
        self._set_activity("waiting for the model")
        try:
            engine = await self._engine()
            if engine is not None:
                await self._follow(engine, incident, index)
        except TermcoderError as error:
            self._view(DiagnosisView).show_state(str(error), "error")
        finally:
            self._set_activity("")
        if self._command and self._found.fixes and not self._cancel.is_set():
            await self._try(self._command)

    async def _engine(self) -> Engine | None:
        """The engine once it is ready; None where the user stopped waiting. Raises what keeps it from starting."""
        self._engine_changed(self._host.status)
        return await self._host.ready_unless(self._cancel)

    async def _follow(self, engine: Engine, incident: Incident, index: int) -> None:
        self._set_activity("reading the log and the source")
        async with aclosing(self._feature.run(engine, incident, index, self._cancel, self._turn_id)) as events:
            async for event in events:
                self._show_event(event)

    def _show_event(self, event: DiagnosisEvent) -> None:
        match event:
            case EvidenceReady(tokens):
                self._notes = notes_of(event)
                self._set_activity(f"reading {tokens:,} tokens")
            case DiagnosisGrew(diagnosis):
                self._diagnosis = diagnosis
                self._set_activity("diagnosing")
                self._show_diagnosis(streaming=True)
            case FixesFound(found, waiting, asked):
                self._found = found
                if waiting:
                    self._set_activity("writing fixes")
                self._show_diagnosis(streaming=False)
                self._show_fixes(f"the model writes fixes: {asked - waiting} of {asked}" if waiting else "")
            case DiagnosisEnded(error, stopped):
                self._show_end(error, stopped=stopped)

    def _show_end(self, error: TermcoderError | None, *, stopped: bool) -> None:
        if error is not None:
            self._notes = [*self._notes, str(error)]
        if stopped:
            self._notes = [*self._notes, "stopped"]
        self._show_fixes()
        if self._diagnosis.cause or not error:
            self._show_diagnosis(streaming=False)
        else:
            self._view(DiagnosisView).show_state(str(error), "error")

    def _show_diagnosis(self, *, streaming: bool) -> None:
        removed = self._diagnosis.removed
        if not self._diagnosis.cause:
            return
        lost = f"{removed} sentence{'s were' if removed > 1 else ' was'} taken out: it named a place that doesn't exist"
        notes = [*self._notes, lost] if removed else self._notes
        self._view(DiagnosisView).show(self._diagnosis, streaming=streaming, notes=notes, places=self._places())

    def _show_fixes(self, busy: str = "") -> None:
        fixes = self._view(FixList)
        fixes.set_class(bool(self._found.fixes or self._found.dropped or busy), "shown")
        samples = self._feature.settings.samples
        fixes.show(self._found.fixes, dropped=self._found.dropped, busy=busy, command=self._command, samples=samples)

    def cancel(self) -> bool:
        """Stop what runs, keeping what came. Returns whether there was something."""
        was_busy = self.busy
        self._cancel.set()
        self._cancel_trial.set()
        return was_busy

    # Trying, applying, taking back

    def ask_and_try(self) -> None:
        """Ask for the command, then try the fixes with it."""
        from termcoder.ui.screens.command import CommandScreen

        if not self._found.fixes:
            self._pane.app.notify("There are no fixes yet: d asks the model for some.", severity="warning")
        elif not self.busy:
            self._pane.app.push_screen(CommandScreen(self._command), self._command_given)

    def _command_given(self, command: str | None) -> None:
        if command:
            self._command = command
            self._run(partial(self._try, command), "diagnose")

    async def _try(self, command: str) -> None:
        self._cancel_trial = threading.Event()
        self._set_activity("trying fixes", of_model=False)
        total = len(self._found.fixes)
        self._show_fixes(f"running `{one_line(command)}` without a fix")
        try:
            async for progress in self._feature.try_fixes(self._found.fixes, command, self._cancel_trial):
                self._found = Checked(progress.fixes, self._found.dropped)
                at = min(progress.done + 1, total)
                self._show_fixes(progress.note or (f"trying fix {at} of {total}" if progress.done < total else ""))
        except TermcoderError as error:
            self._tell_error(error)
            self._show_fixes()
        finally:
            self._set_activity("")
            if self._cancel_trial.is_set() and self._pane.is_attached:
                self._show_fixes()

    def preview(self, fix: Fix) -> None:
        """Show a fix before it is applied."""
        from termcoder.ui.screens.apply import ApplyScreen

        def decided(patch: Patch | None) -> None:
            if patch is not None:
                self._run(partial(self._apply, patch, fix.title), "apply")

        self._pane.app.push_screen(ApplyScreen(fix.patch, fix.title), decided)

    async def _apply(self, patch: Patch, label: str) -> None:
        try:
            applied = await asyncio.to_thread(apply, self._feature.workspace.root, patch, self._undo, label)
        except TermcoderError as error:
            self._tell_error(error)
            return
        self._pane.app.notify(f"Changed {inert(', '.join(applied.paths))}. u takes it back.", markup=False)
        await self._show_again()

    async def undo(self) -> None:
        """Take back the last change, in this run of the program or an earlier one."""
        try:
            undone = await asyncio.to_thread(self._undo.undo_last)
        except TermcoderError as error:
            self._tell_error(error)
            return
        self._pane.app.notify(f"Taken back: {inert(undone.label)} in {inert(', '.join(undone.paths))}", markup=False)
        await self._show_again()

    async def _show_again(self) -> None:
        source = self._view(SourceView)
        if source.path is not None and source.line is not None:
            await self._show(Place(source.path, source.line), "")

    # Small things

    def _engine_changed(self, status: EngineStatus) -> None:
        if self._activity == "waiting for the model" and status.state is EngineState.STARTING:
            percent = "" if status.fraction is None else f" {status.fraction:.0%}"
            self._view(DiagnosisView).show_state(f"waiting for the model: {status.activity}{percent}", "waiting")

    def _set_activity(self, activity: str, *, of_model: bool = True) -> None:
        """Tell in the status bar what is done; of the model's work in the diagnosis's place too, until it is there."""
        self._activity = activity
        if not self._pane.is_attached:
            return  # the program is being left
        self._pane.screen.query_one(StatusBar).change(activity=activity)
        if activity and of_model and not self._diagnosis.cause:
            self._view(DiagnosisView).show_state(activity, "waiting")

    def _tell_error(self, error: TermcoderError) -> None:
        self._pane.app.notify(inert(str(error)), severity="error", timeout=12, markup=False)

    def _view(self, kind: type[_Shown]) -> _Shown:
        return self._pane.query_one(kind)

    def _run(self, work: Callable[[], Coroutine[Any, Any, None]], group: str) -> None:
        if self._pane.is_attached:
            self._pane.run_worker(work, group=group, exclusive=True)  # type: ignore[arg-type]  # None isn't inferred


def _marks(incident: Incident) -> dict[int, LogMark]:
    """What to mark in the log; an error's own line counts more than a frame on it."""
    marks: dict[int, LogMark] = {}
    for steps in incident.steps:
        for step in steps:
            marks[step.frame.at] = LogMark.OWN if step.own else LogMark.LIBRARY
    marks.update({error.at: LogMark.ERROR for error in incident.report.errors})
    return marks


def _step_at(steps: tuple[Step, ...], line: int) -> int | None:
    return next((number for number, step in enumerate(steps) if step.frame.at == line), None)
