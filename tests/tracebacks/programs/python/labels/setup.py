from setuptools import setup


def version():
    raise RuntimeError("no version: this is no checkout")


setup(name="shop-labels", version=version())
