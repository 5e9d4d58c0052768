"""How well templates work: each over real inputs through the embedded engine, all at once, with simple checks.

    python -m termcoder.bench.templates NAME_OR_FILE... [--model NAME] [--inputs FOLDER] [--tokens 100] [--show]

A file is a variant of the template whose name it says; give several to compare them. The inputs of a template are in
`tests/prompts/inputs/NAME.toml`; those about code share `functions.toml`. The answers' code is run, in an empty folder:
what stands in the inputs is trusted, and so, as far as that goes, is the model.
"""

import argparse
import asyncio
import time
import tomllib
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from termcoder import composition, prompts
from termcoder import settings as settings_module
from termcoder.bench.template_checks import Answered, Case, judged
from termcoder.conversation import Attachment
from termcoder.engine.base import Engine, Request, Sampling
from termcoder.features.templating import Source, values_of
from termcoder.prompts import PromptTemplate

INPUTS = Path("tests/prompts/inputs")
ON_FUNCTIONS = frozenset(
    {"simplify", "performance", "extract-function", "rename", "type-hints", "explain", "tests", "docstring"}
)

STREAMS = 24
"""How many answers are decoded at once."""


def main() -> None:
    """Run the templates and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("templates", nargs="+")
    parser.add_argument("--model", default="auto")
    parser.add_argument("--inputs", type=Path, default=INPUTS)
    parser.add_argument("--tokens", type=int, default=100)
    parser.add_argument("--show", action="store_true", help="print the answers, not only what is wrong with them")
    chosen = parser.parse_args()
    templates = [_template(each) for each in chosen.templates]
    asyncio.run(_run(templates, chosen))


def cases_of(name: str, folder: Path) -> list[Case]:
    """The inputs for this template."""
    file = folder / f"{'functions' if name in ON_FUNCTIONS else name}.toml"
    return [_case(table) for table in tomllib.loads(file.read_text(encoding="utf-8"))["case"]]


def messages_of(template: PromptTemplate, case: Case) -> tuple[Any, ...]:
    """The prompt that the template makes of this input."""
    sources = [Source(Attachment(path, text), path) for path, text in case.files]
    values = values_of(sources, case.question) | {"context": case.context}
    return template.messages(**values)


def _case(table: dict[str, Any]) -> Case:
    files = [(each["path"], each["text"].strip("\n") + "\n") for each in table.get("file", ())]
    if "code" in table:
        files.insert(0, (table["path"], table["code"].strip("\n") + "\n"))
    return Case(
        table["name"],
        tuple(files),
        table.get("context", "").strip("\n"),
        table.get("question", "").strip("\n"),
        table.get("check", ""),
        tuple(table.get("expected", ())),
        table.get("language_of", ""),
    )


def _template(given: str) -> PromptTemplate:
    return prompts.read(Path(given)) if given.endswith(".md") else prompts.find(given)


async def _run(templates: Sequence[PromptTemplate], chosen: argparse.Namespace) -> None:
    settings = settings_module.load(flags={"model.name": chosen.model, "engine.max_streams": STREAMS})
    host = composition.make_host(settings)
    try:
        host.start()
        engine = await host.ready()
        await asyncio.gather(*(_try(engine, template, chosen) for template in templates))
    finally:
        await host.stop()


async def _try(engine: Engine, template: PromptTemplate, chosen: argparse.Namespace) -> None:
    began = time.perf_counter()
    cases = cases_of(template.name, chosen.inputs)
    answers = await asyncio.gather(*(_answer(engine, template, case, chosen.tokens) for case in cases))
    judgements = [judged(template.name, case, text) for case, text in zip(cases, answers, strict=True)]
    _tell(template, engine.model.name, judgements, time.perf_counter() - began, chosen.show)


async def _answer(engine: Engine, template: PromptTemplate, case: Case, tokens: int) -> str:
    messages = messages_of(template, case)
    sampling = Sampling(temperature=template.sampling.temperature or 0.0, max_tokens=tokens, seed=1)
    pieces = []
    async with aclosing(engine.stream(Request(messages, sampling))) as chunks:  # type: ignore[type-var]  # generators
        async for chunk in chunks:
            pieces.append(chunk.text)
    return "".join(pieces)


def _tell(template: PromptTemplate, model: str, judgements: Sequence[Answered], seconds: float, show: bool) -> None:
    good = sum(not each.faults for each in judgements)
    print(f"== {template.origin} on {model}: {good} of {len(judgements)} without fault, {seconds:.0f} s", flush=True)
    for each in judgements:
        print(f"  {each.case.name}: {'; '.join(each.faults) or 'ok'}", flush=True)
        if show:
            print("".join(f"    | {line}\n" for line in each.text.splitlines()), end="", flush=True)


if __name__ == "__main__":
    main()
