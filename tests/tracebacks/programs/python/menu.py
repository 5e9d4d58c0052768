def show(item):
    print(item)
