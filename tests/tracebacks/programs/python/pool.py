import multiprocessing


def weigh(item):
    return item["weight"] * 2


def main():
    with multiprocessing.Pool(1) as pool:
        print(pool.map(weigh, [{"weight": 1}, {}]))


if __name__ == "__main__":
    main()
