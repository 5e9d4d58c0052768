from concurrent.futures import ProcessPoolExecutor


def weigh(item):
    try:
        return item["weight"]
    except KeyError as error:
        raise ValueError("an item without weight") from error


if __name__ == "__main__":
    with ProcessPoolExecutor(1) as pool:
        print(pool.submit(weigh, {}).result())
