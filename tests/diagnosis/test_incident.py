"""An incident: a log's frames beside the project's files."""

from hypothesis import given
from hypothesis import strategies as st

from termcoder.diagnosis.incident import Incident, Place, incident_of
from termcoder.workspace import Locator

ROOT = "/home/me/shop"
FILES = ["app.py", "shop/cart.py", "shop/utils.py", "web/index.ts"]
LOG = """Traceback (most recent call last):
  File "/srv/build/app.py", line 3, in <module>
    run()
  File "/srv/build/shop/cart.py", line 12, in run
    total(rows)
  File "/usr/lib/python3.11/site-packages/pandas/core/utils.py", line 99, in total
    return rows["price"]
KeyError: 'price'
"""


def read(log: str) -> Incident:
    return incident_of(log, Locator(ROOT, FILES))


def test_frames_of_another_machine_are_found_in_the_project() -> None:
    incident = read(LOG)
    assert [step.located.path if step.located else None for step in incident.steps[0]] == [
        "app.py",
        "shop/cart.py",
        None,
    ]
    assert incident.places == (
        Place("app.py", 3),
        Place("shop/cart.py", 12),
        Place("/usr/lib/python3.11/site-packages/pandas/core/utils.py", 99),
    )


def test_a_project_s_file_is_own_code_whatever_its_path() -> None:
    incident = read(LOG.replace("/srv/build/", "/srv/site-packages/"))
    assert [step.own for step in incident.steps[0]] == [False, True, False], (
        "one common part is not enough in a library"
    )
    assert [step.frame.own for step in incident.steps[0]] == [False, True, False]


def test_the_culprit_is_the_innermost_step_in_the_project() -> None:
    culprit = read(LOG).culprit(0)
    assert culprit is not None
    assert culprit.place == Place("shop/cart.py", 12)


def test_without_the_project_the_culprit_is_the_innermost_own_step_else_the_innermost() -> None:
    assert incident_of(LOG, Locator(ROOT, [])).culprit(0).place == Place("/srv/build/shop/cart.py", 12)  # type: ignore[union-attr]
    library = LOG.replace("/srv/build/", "/usr/lib/python3.11/")
    assert incident_of(library, Locator(ROOT, [])).culprit(0).place.line == 99  # type: ignore[union-attr]


def test_an_error_without_frames_has_no_culprit() -> None:
    incident = read("KeyError: 'price'\n")
    assert all(incident.culprit(index) is None for index in range(len(incident.report.errors)))
    assert incident.places == ()


def test_every_place_is_there_once() -> None:
    assert len(read(LOG + "\n" + LOG).places) == 3


def test_files_are_known_by_the_log_s_name_and_the_project_s() -> None:
    files = read(LOG).files
    assert {"/srv/build/shop/cart.py", "shop/cart.py", "app.py"} <= files
    assert "shop/utils.py" not in files


def test_a_text_without_errors_has_no_root() -> None:
    incident = read("All is well.\n")
    assert (incident.root, incident.steps, incident.places) == (None, (), ())


def test_a_place_is_written_as_logs_write_it() -> None:
    assert str(Place("a b.py", 3)) == "a b.py:3"


@given(st.one_of(st.text(), st.lists(st.sampled_from(LOG.splitlines(keepends=True))).map("".join)))
def test_any_text_is_an_incident(log: str) -> None:
    incident = read(log)
    assert len(incident.steps) == len(incident.report.errors)
    for index in range(len(incident.steps)):
        culprit = incident.culprit(index)
        assert culprit is None or culprit.place in incident.places
        assert incident.error(index) in incident.failure(index).errors


def test_an_error_raised_in_a_library_leads_to_the_users_code_by_the_error_that_wraps_it() -> None:
    log = """Traceback (most recent call last):
  File "/usr/lib/python3/dist-packages/db/utils.py", line 89, in execute
    return cursor.execute(sql)
db.NoColumn: column "discount" does not exist

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/shop/views.py", line 4, in orders
    return list(query)
  File "/usr/lib/python3/dist-packages/orm/query.py", line 70, in rows
    raise QueryError(text)
orm.QueryError: column "discount" does not exist
"""
    incident = incident_of(log, Locator("/home/me/shop", ["views.py"]))
    lead = incident.lead(0)
    assert incident.root == 0
    assert lead is not None
    assert str(lead.place) == "views.py:4"
    assert list(incident.related(0)) == [0, 1]
