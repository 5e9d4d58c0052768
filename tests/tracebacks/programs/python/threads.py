import threading


class File:
    def __del__(self):
        self.handle.close()


def worker(queue):
    queue.popleft()


file = File()
del file
thread = threading.Thread(target=worker, args=([1],))
thread.start()
thread.join()
raise SystemExit(main())  # noqa: F821
