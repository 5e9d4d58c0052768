"""Every error termcoder raises on purpose.

::

    TermcoderError
    ├── SettingsError            a settings file, variable or flag is wrong
    ├── PromptError              a template is missing or broken
    ├── WorkspaceError           a project file can't be read
    │   └── GitError             git is missing, too old, or couldn't do what was asked
    │       ├── NoRepositoryError    the folder is in no repository that can be used
    │       ├── RevisionError        a revision is unknown, or has nothing to be compared with
    │       └── GitStoppedError      the user stopped it
    ├── EditError                a change can't be made to the project's files
    │   ├── ChangedFileError     a file isn't what the change was made for
    │   └── ScratchError         a throw-away copy can't be made or used
    ├── RefactorError            the lines to rewrite can't be found, or not be rewritten so
    ├── EditorError              the user's editor is missing or failed
    ├── SessionError             a saved session can't be read or written
    │   ├── DamagedSessionError  its file is cut short or not a session
    │   └── NewerSessionError    a newer termcoder wrote it
    ├── ModelError               a model can't be found, fetched, prepared or trusted
    │   ├── UnknownModelError    no catalogue entry, folder or Hub name fits
    │   ├── NotAModelError       the folder holds no model this program can run
    │   ├── ModelTooBigError     it needs more memory than the machine has free
    │   ├── DamagedModelError    a file of it is cut short or not what it claims to be
    │   ├── CancelledError       the user stopped its preparation
    │   └── FetchError           the download failed
    │       ├── NoNetworkError
    │       ├── ChecksumError
    │       └── DiskFullError
    └── EngineError
        ├── EngineStartError     the model could not be started
        ├── EngineNotReadyError  a request came before start, or after stop
        ├── EngineDiedError      the engine's process ended while in use
        ├── ContextOverflowError the prompt alone is longer than the context
        └── RequestError         the engine refused this request (bad schema, wrong key, ...)
"""


class TermcoderError(Exception):
    """An error a user should see as one sentence, followed by what to do about it.

    `message` says what happened and why, `remedy` what the user can do; `str()` joins them.
    """

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class SettingsError(TermcoderError):
    """A settings file, environment variable or flag is wrong."""


class PromptError(TermcoderError):
    """A template is missing or broken."""


class WorkspaceError(TermcoderError):
    """A project file can't be read."""


class GitError(WorkspaceError):
    """Git is missing, too old, or couldn't do what was asked."""


class NoRepositoryError(GitError):
    """The folder is in no git repository, or in one that can't be used."""


class RevisionError(GitError):
    """A revision is unknown, or has nothing that it can be compared with."""


class GitStoppedError(GitError):
    """The user stopped git."""


class EditError(TermcoderError):
    """A change can't be made to the project's files."""


class ChangedFileError(EditError):
    """A file isn't, or is no longer, what the change was made for."""


class ScratchError(EditError):
    """A throw-away copy of the project can't be made or used."""


class RefactorError(TermcoderError):
    """The lines to rewrite can't be found, or can't be rewritten in the way that was asked."""


class EditorError(TermcoderError):
    """The user's editor is missing, failed, or left something that is no text."""


class SessionError(TermcoderError):
    """A saved session can't be read or written."""


class DamagedSessionError(SessionError):
    """A session's file is cut short or not a session."""


class NewerSessionError(SessionError):
    """A newer termcoder wrote this session."""


class ModelError(TermcoderError):
    """A model can't be found, fetched, prepared or trusted."""


class UnknownModelError(ModelError):
    """No catalogue entry, folder or Hub name fits."""


class NotAModelError(ModelError):
    """The folder holds no model this program can run."""


class ModelTooBigError(ModelError):
    """The model needs more memory than the machine has free."""


class DamagedModelError(ModelError):
    """A file of the model is cut short or not what it claims to be."""


class CancelledError(ModelError):
    """The user stopped the model's preparation."""


class FetchError(ModelError):
    """The download failed."""


class NoNetworkError(FetchError):
    """No source of the model could be reached."""


class ChecksumError(FetchError):
    """What arrived is not what the catalogue promises."""


class DiskFullError(FetchError):
    """There is no room for the model on the disk."""


class EngineError(TermcoderError):
    """The engine can't do what was asked."""


class EngineStartError(EngineError):
    """The model could not be started."""


class EngineNotReadyError(EngineError):
    """A request came before start, or after stop."""


class EngineDiedError(EngineError):
    """The engine's process ended while in use."""


class ContextOverflowError(EngineError):
    """The prompt alone is longer than the model's context."""


class RequestError(EngineError):
    """The engine refused this request."""
