def order(name, amount, note, address, when):
    return {
        "name": name,
        "each": 10 / amount,
        "note": note,
    }


print(
    order(
        "tea",
        0,
        "no sugar",
        "Hill 4",
        "noon",
    )
)
