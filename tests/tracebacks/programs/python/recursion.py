def depth(node):
    return 1 + depth(node["next"])


loop = {}
loop["next"] = loop
print(depth(loop))
