"""Files that a message names with `@file`: what is read of them, and how the model sees them."""

import itertools
import re

from termcoder.conversation import Attachment
from termcoder.errors import WorkspaceError
from termcoder.mentions import Mention, find_mentions
from termcoder.workspace import Workspace

_TAG = "file"
_ENDS = re.compile(rf"</({_TAG}\d*)", re.IGNORECASE)


def attachments_in(text: str, workspace: Workspace) -> tuple[tuple[tuple[Mention, Attachment], ...], tuple[str, ...]]:
    """The files that `text` mentions, each once, and a sentence for each that can't be read. Blocks for the disk."""
    found: dict[str, tuple[Mention, Attachment]] = {}
    problems: list[str] = []
    for mention in find_mentions(text):
        try:
            attachment = workspace.read(mention.path, mention.first, mention.last)
            found[attachment.path] = mention, attachment
        except WorkspaceError as error:
            if any(sign in mention.path for sign in "./") or workspace.is_file(mention.path):
                problems.append(str(error))  # "@property" in a sentence is no file and was not meant as one
    return tuple(found.values()), tuple(problems)


def attached_text(attachment: Attachment) -> str:
    """A file as the model sees it. The tag gets a number if the file's own text holds the closing tag."""
    taken = {end.lower() for end in _ENDS.findall(attachment.text)}
    names = itertools.chain([_TAG], (f"{_TAG}{number}" for number in itertools.count(1)))
    tag = next(name for name in names if name not in taken)
    end = "" if attachment.text.endswith("\n") else "\n"
    path = attachment.path.replace('"', "'").replace("\n", " ")
    return f'<{tag} path="{path}">\n{attachment.text}{end}</{tag}>\n'
