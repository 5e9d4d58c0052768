"""What there is to say about the models, for the command line and the models screen alike."""

from contextlib import suppress
from dataclasses import dataclass, replace

from termcoder.engine.sizing import Machine
from termcoder.errors import ModelError
from termcoder.models import catalogue, fit, store
from termcoder.models.catalogue import Model
from termcoder.models.fit import Needs
from termcoder.models.progress import size_text
from termcoder.models.store import Installed


@dataclass(frozen=True, slots=True)
class Entry:
    """A model, its copy in the store if there is one, and the machine it would run on."""

    model: Model
    here: Installed | None
    machine: Machine

    @property
    def needs(self) -> Needs:
        """The memory it takes: what its files say where it is on this machine, else the catalogue."""
        folder = self.here.folder if self.here else self.model.folder
        return fit.folder_needs(folder) if folder else self.model.needs()

    @property
    def is_ready(self) -> bool:
        """Whether it is on this machine."""
        return self.here is not None or self.model.folder is not None

    @property
    def fits(self) -> bool:
        """Whether the memory free now is enough for it, with a useful context."""
        return fit.fits(self.needs, self.machine)

    @property
    def size(self) -> str:
        """What it takes on the disk, or to download; "" where that isn't known."""
        count = self.here.size if self.here else self.model.download_bytes
        return size_text(count) if count else ""

    @property
    def memory(self) -> str:
        """ "2.8 GB"; where that is too much just now, "needs 27.3 GB, 12.1 GB free"; "" where it isn't known."""
        if not self.fits:
            return fit.sentence(self.needs, self.machine)
        return size_text(self.needs.on(self.machine)) if self.needs.weights else ""

    @property
    def state(self) -> str:
        """Where it is."""
        if self.here and self.model.quantised:
            return f"made here {self.here.fetched} by {self.model.quantised.method}"
        if self.here:
            return f"fetched {self.here.fetched} from {self.here.source}"
        return "a folder of yours" if self.model.folder else "not fetched"

    @property
    def comes_back(self) -> str:
        """How it could be had again once it is removed."""
        return "has to be quantised anew" if self.model.quantised else "can be fetched again"


def entries(machine: Machine) -> list[Entry]:
    """Every model of the catalogue, in its order, then what else is in the store."""
    here = {item.name: item for item in store.installed()}
    listed = [Entry(model, here.get(name), machine) for name, model in catalogue.catalogue().items()]
    others = [item for name, item in here.items() if name not in catalogue.catalogue()]
    return listed + [Entry(_unlisted(item), item, machine) for item in others]


def entry(name: str) -> Entry:
    """One model by name. Raises UnknownModelError."""
    model, here = store.info(name)
    return Entry(model, here, fit.read_machine())


def facts(entry: Entry) -> list[tuple[str, str]]:
    """(label, text) of everything there is to say about a model; what isn't known is left out."""
    model, here, needs = entry.model, entry.here, entry.needs
    own = model.quantised
    lines = [
        ("name", model.name),
        ("model", model.title),
        ("for", model.purpose),
        ("licence", model.licence),
        ("context", f"{model.context_tokens:,} tokens" if model.context_tokens else ""),
        ("memory", fit.sentence(needs, entry.machine) if needs.weights else ""),
        ("download", size_text(model.download_bytes) if model.download_bytes else ""),
        ("weights", own.groups if own else ""),
        ("quality", own.loss if own else ""),
        ("sources", "; ".join(str(source) for source in model.sources)),
        ("state", entry.state),
        ("version", here.version if here else ""),
        ("on disk", size_text(here.size) if here else ""),
        ("folder", str(here.folder if here else model.folder or "")),
    ]
    return [(label, text) for label, text in lines if text]


def _unlisted(item: Installed) -> Model:
    model = Model(name=item.name, title=item.name, licence=item.licence or "see its repository")
    with suppress(ModelError):
        found = catalogue.resolve(item.name)
        model = found if found.quantised else replace(model, sources=found.sources)
    return model
