"""A plugin that breaks pytest itself."""


def pytest_runtest_logreport(report):
    if report.when == "call":
        raise RuntimeError("the plugin is broken")
