import threading
import time
import urllib.error
import urllib.request

import uvicorn


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    await answer(scope, send)


async def answer(scope, send):
    number = int(scope["path"].strip("/"))
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(number).encode()})


def ask():
    time.sleep(1)
    try:
        urllib.request.urlopen("http://127.0.0.1:8765/four")
    except urllib.error.HTTPError:
        server.should_exit = True


server = uvicorn.Server(uvicorn.Config(app, port=8765, lifespan="off"))
threading.Thread(target=ask).start()
server.run()
