def encode(value):
    try:
        import shop_fast_json as json
    except ImportError:
        import json

        return json.dumps(value)  # set
    return json.dumps(value)


print(encode({1, 2}))
