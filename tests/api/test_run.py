"""The work that workers elsewhere are given."""

from study.api.request import StudyRequest
from study.api.run import _work
from study.launch.machine import Machine


def test_workers_of_a_command_time_the_arms_where_the_trials_ran(tiny):
    tiny.write_text(tiny.read_text().replace("[params,", "[throughput, params,"))
    request = StudyRequest(tiny, None, (), tiny.parent / "results")
    plan, _ = request.plan()
    machine = Machine(on="command", workers=1, device="auto", threads=1, submit="ssh a {worker}")
    work = _work(plan, request, machine, speed=True, budget=None)
    assert work.phases == ["trials", "timings"]
    # pydantic warns of a record that is a plain dictionary.
    assert len(work.plain["arms"]) == 2
    here = Machine(on="local", workers=1, device="cpu", threads=1)
    assert _work(plan, request, here, speed=True, budget=None).phases == ["trials"]
