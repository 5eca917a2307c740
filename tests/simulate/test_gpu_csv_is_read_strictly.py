from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.model.job import TaskGroup
from dure.model.node import GpuFlavor, Node, Pool
from dure.model.resources import Resources
from dure.model.rules import Order, Planning, Rules
from dure.simulate.gpu_csv import read_gpu_csv, read_philly
from dure.simulate.lines import TraceError
from dure.simulate.replay import Estimates, RoomOf, Settings, play
from tests.simulate.small_traces import refusal

HEADER = "job,tenant,user,submit,duration,limit,tasks,cpu,memory,gpu,flavor"
GPU_ROOM = Rules(
    room="two nodes",
    planning=Planning(order=Order.FIFO, memory=0.0),
    flavors=(GpuFlavor("a100", 1000), GpuFlavor("t4", 250)),
    pools=(
        Pool(
            "main",
            "local",
            (
                Node("n1", "main", Resources(8000, 16384, (("a100", 4),))),
                Node("n2", "main", Resources(8000, 16384, (("t4", 4),))),
            ),
        ),
    ),
)


def write(folder: Path, *lines: str) -> Path:
    path = folder / "gpus.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_every_column_means_what_the_page_says(tmp_path: Path) -> None:
    """A gang of two tasks, each with two A100 or else two T4."""
    path = write(tmp_path, HEADER, "j1,lab,kim,5,3600,2h,2,1.5,4Gi,2,a100|t4".replace("2h", "7200"))
    job = read_gpu_csv(path).jobs[0]
    assert (job.id, job.owner, job.user, job.submit, job.run, job.limit) == (
        "j1",
        "lab",
        "kim",
        5,
        3600,
        7200,
    )
    assert job.tasks == TaskGroup(2, 1500, 4096, 2, ("a100", "t4"))


def test_most_columns_may_be_left_out(tmp_path: Path) -> None:
    """A job without a size is one task of one cpu; without a tenant it is its user's."""
    job = read_gpu_csv(write(tmp_path, "submit,job,duration,user", "5, a ,60.0,kim")).jobs[0]
    assert (job.id, job.owner, job.user, job.limit) == ("a", "kim", "kim", None)
    assert job.tasks == TaskGroup(1, 1000)


@pytest.mark.parametrize(
    ("lines", "where", "what"),
    [
        ((), 1, "no column job"),
        (("job,submit",), 1, "no column duration"),
        (("job,submit,duration,job",), 1, "a column comes twice"),
        (("job,submit,duration,gpus", "a,1,2,3"), 1, "perhaps gpu"),
        (("job,submit,duration", "a,1"), 2, "2 cells"),
        (("job,submit,duration", "a,1,2", ",1,2"), 3, "job is empty"),
        (("job,submit,duration", "a,1,2", "a,1,2"), 3, "came before"),
        (("job,submit,duration", "a,-1,2"), 2, "submit is '-1'"),
        (("job,submit,duration", "a,1,2.5"), 2, "duration is '2.5'"),
        (("job,submit,duration", "a,1," + "9" * 16), 2, "too large"),
        (("job,submit,duration,memory", "a,1,2,4"), 2, "is not an amount of memory"),
        (("job,submit,duration,tasks", "a,1,2,0"), 2, "tasks is 0"),
        (("job,submit,duration,gpu,flavor", "a,1,2,1,A 100"), 2, "flavor is"),
        (("job,submit,duration", 'a,1,"2'), 2, "no CSV"),
        (("job,submit,duration", "a\x07b,1,2"), 2, "printable"),
    ],
)
def test_a_wrong_row_is_named_by_file_and_line(
    tmp_path: Path, lines: tuple[str, ...], where: int, what: str
) -> None:
    """One line: where, what, and what would be right."""
    with pytest.raises(TraceError) as caught:
        read_gpu_csv(write(tmp_path, *lines))
    assert str(caught.value).startswith(f"gpus.csv:{where}: ")
    assert what in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=200) | st.text("job,submit1\n\" '", max_size=99).map(str.encode))
def test_no_bytes_make_the_readers_fail_otherwise(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """Anything is either a trace or one clear refusal."""
    path = tmp_path_factory.getbasetemp() / "any.csv"
    for read, header in ((read_gpu_csv, b"job,submit,duration\n"), (read_philly, b"")):
        path.write_bytes(header + content)
        refused = refusal(read, path)
        assert not refused or refused.startswith("any.csv:")


def test_gangs_wait_for_gpus_of_a_flavor_that_will_do(tmp_path: Path) -> None:
    """Four A100 and four T4: the third gang waits for its flavor, the fourth takes any."""
    rows = ("a,0,100,2,2,a100", "b,1,50,2,2,t4", "c,2,10,1,4,a100", "d,3,10,1,4,")
    trace = read_gpu_csv(write(tmp_path, "job,submit,duration,tasks,gpu,flavor", *rows))
    times = play(trace, GPU_ROOM, Settings(Estimates.EXACT, RoomOf.BUNDLE)).times
    assert times == {"a": (0, 100), "b": (1, 51), "c": (100, 110), "d": (51, 61)}


def test_philly_is_read_as_gangs_of_single_gpus_by_virtual_cluster(tmp_path: Path) -> None:
    """Rows are numbered; local times become seconds; the virtual cluster owns the job."""
    header = "timestamp,duration,num_gpus,gpu_time,cluster"
    path = write(tmp_path, header, "1970-01-02 00:00:05,66.0,8,528.0,11cb48", "")
    trace = read_philly(path)
    job = trace.jobs[0]
    assert (job.id, job.owner, job.submit, job.run) == ("1", "11cb48", 86_405, 66)
    assert job.tasks == TaskGroup(count=8, gpus=1)


@pytest.mark.slow
def test_the_whole_philly_trace_is_read(traces: Path) -> None:
    """82,247 jobs of 15 virtual clusters, 978,078 GPU-hours."""
    jobs = read_philly(traces / "philly-vc/philly.csv.gz").jobs
    assert len(jobs) == 82_247
    assert len({job.owner for job in jobs}) == 15
    assert sum(job.run * job.tasks.count for job in jobs) // 3600 == 978_078
