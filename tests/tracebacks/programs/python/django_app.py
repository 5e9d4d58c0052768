import sys

import django
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import path


def cart(request):
    return HttpResponse(find(request.GET))


def find(query):
    try:
        return query["user_id"]
    except KeyError:
        return int("nobody")


settings.configure(DEBUG=True, ROOT_URLCONF=__name__, SECRET_KEY="x", ALLOWED_HOSTS=["*"])
urlpatterns = [path("cart", cart)]
django.setup()
client = Client(raise_request_exception=False)
if "report" in sys.argv:
    report = client.get("/cart", headers={"accept": "text/plain"}).content.decode()
    print("".join(report.partition("Raised during:")[:1]))
else:
    client.get("/cart")
