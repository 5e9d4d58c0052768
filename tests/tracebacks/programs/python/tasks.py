import celery

app = celery.Celery("tasks", broker="memory://", backend="cache+memory://")
app.conf.worker_hijack_root_logger = True


@app.task
def ship(order):
    return address(order)


def address(order):
    return order["user_id"]


if __name__ == "__main__":
    from celery.contrib.testing.worker import start_worker

    app.log.setup(loglevel="INFO")
    with start_worker(app, perform_ping_check=False, loglevel="INFO"):
        ship.delay({}).get(propagate=False)
