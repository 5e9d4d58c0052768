import ctypes
import faulthandler
import threading
import time


def wait():
    time.sleep(60)


def read(address):
    return ctypes.string_at(address)


def main():
    threading.Thread(target=wait, daemon=True).start()
    time.sleep(0.3)
    read(8)


faulthandler.enable()
main()  # dies
