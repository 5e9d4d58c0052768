class Rejected(Exception):
    def __str__(self):
        return "2 fields are wrong\nname\n  is empty (kind=missing)\nage\n  is no number (kind=type)"


def validate(form):
    error = Rejected()
    error.add_note("form: /register")
    raise error


validate({})
