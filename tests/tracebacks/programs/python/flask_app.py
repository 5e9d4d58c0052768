from flask import Flask

app = Flask("shop")


@app.get("/price/<name>")
def price(name):
    return {"price": PRICES[name]}


PRICES = {"tea": 4}
app.test_client().get("/price/milk")
