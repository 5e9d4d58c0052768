def open_table():
    raise LookupError("no table") from OSError("disk is gone")


open_table()  # raises
