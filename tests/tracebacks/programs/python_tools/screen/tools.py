"""The ways to draw a traceback, by name."""

import logging
import os


def with_rich(main, **options):
    """Rich's handler for uncaught exceptions."""
    from rich import traceback
    from rich.console import Console

    width = int(os.environ.get("WIDTH", "100"))
    console = Console(width=width, file=__import__("sys").stdout, safe_box=False, **options)
    traceback.install(console=console, width=width, show_locals=bool(os.environ.get("LOCALS")))
    main("salt")


def with_rich_log(main):
    """Rich's log handler, and the program goes on."""
    from rich.console import Console
    from rich.logging import RichHandler

    console = Console(width=110)
    logging.basicConfig(
        level="INFO", format="%(message)s", handlers=[RichHandler(console=console, rich_tracebacks=True)]
    )
    try:
        main("salt")
    except KeyError:
        logging.getLogger("shop").exception("nothing sold")
    logging.getLogger("shop").info("closing")


def with_rich_syntax(main):
    """A module that can't be read."""
    from rich import traceback
    from rich.console import Console

    traceback.install(console=Console(width=90))
    import broken_module  # noqa: F401


def with_loguru(main):
    """Loguru's catch, with the values of names."""
    from loguru import logger

    logger.remove()
    logger.add(__import__("sys").stdout, diagnose=True, colorize=False)
    with logger.catch():
        main("salt")
    logger.info("closing")


def with_structlog(main):
    """Structlog's renderer for a developer's screen."""
    import structlog

    try:
        main("salt")
    except KeyError:
        structlog.get_logger().exception("nothing_sold", article="salt")


def with_typer(main):
    """A command of typer."""
    import typer

    typer.run(lambda: main("salt"))


def with_stackprinter(main):
    """The stackprinter package."""
    import stackprinter

    try:
        main("salt")
    except KeyError:
        stackprinter.show(file=__import__("sys").stdout, style="plaintext")


def with_better_exceptions(main):
    """The better_exceptions package."""
    import better_exceptions

    better_exceptions.hook()
    main("salt")


def run(tool, main, wrapped):
    """Sell with the tool of this name; a + after it asks for the chained error."""
    globals()["with_" + tool.removesuffix("+")](wrapped if tool.endswith("+") else main)
