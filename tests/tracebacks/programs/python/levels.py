import logging

log = logging.getLogger("levels")


def price(text):
    return float(text)


def read(texts):
    for text in texts:
        try:
            yield price(text)
        except ValueError:
            log.info("could not read %r, skipped", text, exc_info=True)


def main():
    logging.basicConfig(level=logging.DEBUG)
    prices = list(read(["1", "one"]))
    log.info("%d prices", len(prices))
    try:
        print(prices[3])
    except IndexError:
        log.exception("no fourth price", stack_info=True)
    log.debug("done")


main()
