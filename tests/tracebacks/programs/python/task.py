import asyncio
import gc


async def fetch(table):
    await asyncio.sleep(0)
    return table["rows"]


async def main():
    task = asyncio.create_task(fetch({}), name="fetch")
    await asyncio.sleep(0.05)
    del task
    gc.collect()
    asyncio.get_running_loop().call_soon(tick, None)
    await asyncio.sleep(0.05)
    print("closing")


def tick(clock):
    clock.advance()


asyncio.run(main())
