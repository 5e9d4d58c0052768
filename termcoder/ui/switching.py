"""Going from one session to another: what keeps the program from it, and what is shown then."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from termcoder.errors import TermcoderError
from termcoder.features.session_desk import SessionDesk
from termcoder.sessions.schema import CHAT
from termcoder.ui.inert import inert
from termcoder.ui.screens.sessions import Left, SessionsScreen

if TYPE_CHECKING:
    from termcoder.features.parts import Parts
    from termcoder.ui.app import TermcoderApp
    from termcoder.ui.panes.conversation import Conversation

OTHER_PANES = ("traceback", "review")


def why_not(app: "TermcoderApp", conversation: "Conversation") -> str:
    """A sentence that says why no other session can be opened now, or ""."""
    if conversation.busy:
        return "An answer is on its way: Esc in the chat stops it first."
    if app.traceback is not None and app.traceback.busy:
        return "A diagnosis is under way: Esc in the traceback pane stops it first."
    if app.review is not None and app.review.busy:
        return "A review is under way: Esc in the review pane stops it first."
    return ""


async def choose_session(app: "TermcoderApp", parts: "Parts") -> None:
    """Show all sessions; what the user chooses is shown as soon as the screen is left."""
    conversation = await app.pane.conversation()
    conversation.touched()  # what is written into the session between two turns ends before another one is open
    screen = SessionsScreen(SessionDesk(parts.chat.book), partial(why_not, app, conversation))
    app.push_screen(screen, partial(_left, app))


def _left(app: "TermcoderApp", left: Left | None) -> None:
    if left is not None and (left.changed or left.found):
        app.run_worker(_go_on(app, left), group="session", exclusive=True)


async def _go_on(app: "TermcoderApp", left: Left) -> None:
    if left.changed:
        await show_session(app)
    hit = left.found.hit if left.found is not None else None
    app.show_pane(hit.pane if hit is not None and hit.pane in OTHER_PANES else "chat")
    if hit is not None and hit.pane == CHAT:
        await app.pane.transcript.open_at(hit.turn_id, left.query)


async def show_session(app: "TermcoderApp") -> None:
    """Show the session that is open now in every pane that is ready."""
    await (await app.pane.conversation()).show_session()
    if app.traceback is not None:
        (await app.traceback.diagnosing()).show_session()
    if app.review is not None:
        (await app.review.reviewing()).show_session()


async def fork(app: "TermcoderApp", parts: "Parts", turn_id: str) -> None:
    """Go on with everything up to this turn, and this turn, in a session of its own; say how it went."""
    reason = why_not(app, await app.pane.conversation())
    if reason:
        app.tell(reason, severity="warning")
        return
    (await app.pane.conversation()).touched()
    try:
        await asyncio.to_thread(SessionDesk(parts.chat.book).fork, turn_id)
    except TermcoderError as error:
        app.tell(inert(str(error)), severity="error")
        return
    await show_session(app)
    app.pane.transcript.focus()
    app.tell("Forked: you go on in a new session. The old session stays as it is, F7 shows both.")
