"""What a front end works with."""

from dataclasses import dataclass

from termcoder.features.chat import Chat
from termcoder.features.diagnose import Diagnose
from termcoder.features.engine_host import EngineHost
from termcoder.features.refactor import Refactor
from termcoder.features.review import ReviewFeature
from termcoder.history import History
from termcoder.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """One project's features, and the engine that answers."""

    settings: Settings
    host: EngineHost
    chat: Chat
    diagnose: Diagnose
    review: ReviewFeature
    refactor: Refactor
    history: History
