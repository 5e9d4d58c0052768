def load(user):
    return {"ann": 1}[user]


def parse(text):
    try:
        return int(text)
    except ValueError as error:
        raise RuntimeError(f"no number:\n  {text}") from error


def attempt(function, value):
    try:
        function(value)
    except Exception as error:
        return error


def check():
    first = attempt(load, "bob")
    first.add_note("while the report of May was made\n(user list of April)")
    second = attempt(parse, "4x")
    third = ExceptionGroup("disks", [OSError("sda is full"), TimeoutError()])
    raise ExceptionGroup("checks", [first, second, third])


def main():
    try:
        check()
    except ExceptionGroup:
        raise SystemError("checks did not pass")


main()  # the report of the night
