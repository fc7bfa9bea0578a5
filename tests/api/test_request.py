"""The request of a study, as a job keeps it."""

import pytest

from study.api.request import StudyRequest
from study.errors import SpecError
from study.launch.job import create_job
from study.launch.machine import Machine
from study.store.job_records import Work
from study.store.store import Store


@pytest.fixture
def requested(tiny):
    """requested(*imports): a job of the tiny study that was run with these plugins."""
    store = Store(tiny.parent / "results")

    def run(*imports):
        request = StudyRequest(tiny, None, ("seeds=3",), store.root, imports)
        title, file = request.identity
        work = Work(phases=["trials"], study=title, file=file, request=request.record)
        create_job(store, work, Machine(on="inline", workers=1, device="cpu", threads=1))
        return request

    return run


def test_a_request_comes_back_from_its_record(requested, tiny):
    request = requested("mine.py")
    assert StudyRequest.of(request.record, request.root) == request
    assert request.record.folder


@pytest.mark.parametrize(("imports", "hint"), [(("mine.py",), True), ((), False)])
def test_a_forgotten_plugin_is_hinted_at(requested, tiny, imports, hint):
    requested(*imports)
    tiny.write_text(tiny.read_text().replace("average", "blur"))
    request = StudyRequest(tiny, None, ("seeds=3",), tiny.parent / "results")
    with pytest.raises(SpecError, match="unknown reduction") as refused:
        request.plan()
    assert ("the last run of this study had --import mine.py" in str(refused.value)) == hint
