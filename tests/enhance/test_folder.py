"""Several processes: what they do, and what is left when one is killed or all are stopped."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import deepflash
from deepflash.enhance import folder
from deepflash.enhance.folder import attempts, processes_for
from deepflash.errors import StorageError, one_line
from tests.enhance.work import fatal, full, jobs, told, who

PROJECT = Path(deepflash.__file__).parents[1]


def _texts(results):
    return sorted(one_line(result.error) for result in results)


def test_all_photographs_are_done_by_processes_that_take_one_thread_each(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    texts = _texts(attempts(jobs(*"abcdefgh"), who, 2))
    assert [text.split()[0] for text in texts] == list("abcdefgh")
    pids = {text.split()[1] for text in texts}
    assert 1 <= len(pids) <= 2
    assert str(os.getpid()) not in pids
    assert {tuple(text.split()[2:]) for text in texts} == {("1", "1", "True")}
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler


def test_processes_ignore_ctrl_c_from_their_first_moment():
    code = "import signal; print(signal.getsignal(signal.SIGINT) == signal.SIG_IGN)"

    def started():
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout

    with folder._ctrl_c_kept_off():
        assert started() == "True\n"
    assert started() == "False\n"


def test_another_thread_may_ask_for_processes():
    texts = []
    thread = threading.Thread(target=lambda: texts.extend(_texts(attempts(jobs(*"ab"), who, 2))))
    thread.start()
    thread.join()
    assert [text.split()[-1] for text in texts] == ["True", "True"]


def test_one_process_is_this_one():
    (text,) = _texts(attempts(jobs("a"), lambda job: told(job, str(os.getpid())), 1))
    assert text == f"a {os.getpid()}"


def test_a_killed_process_costs_the_photograph_that_killed_it_and_no_other():
    names = ["a", "bad1", "c", "d", "e", "bad2", "g", "h"]
    texts = _texts(attempts(jobs(*names), fatal, 2))
    assert [text.split()[0].rstrip(":") for text in texts] == sorted(names)
    killed = [text for text in texts if text.startswith("bad")]
    assert all("was killed, most likely for lack of memory" in text for text in killed)
    assert all(text.endswith("done") for text in texts if text not in killed)


def test_a_full_disk_ends_the_work():
    with pytest.raises(StorageError, match="cannot write b"):
        list(attempts(jobs(*"abc"), full, 2))


@pytest.mark.parametrize(
    ("photographs", "asked", "expected"),
    [
        (1, None, 1),
        (3, None, 1),
        (4, None, 4),
        (100, None, 6),  # eight cores, but memory for six
        (100, 0, 8),
        (2, 0, 2),
        (100, 12, 12),
        (5, 12, 5),
        (0, None, 1),
    ],
)
def test_how_many_processes(monkeypatch, photographs, asked, expected):
    monkeypatch.setattr(folder.os, "sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.setattr(folder.os, "sysconf", {"SC_PAGE_SIZE": 10**6, "SC_PHYS_PAGES": 6500}.get)
    assert processes_for(photographs, asked) == expected


_SCRIPT = """
from deepflash.enhance.folder import attempts
from tests.enhance.work import jobs, slow
if __name__ == "__main__":
    for one in attempts(jobs(*map(str, range(40))), slow, 2):
        print(one.job.source, flush=True)
"""


def _start_slow(tmp_path):
    """Starts two processes on forty slow photographs; returns once the work has begun."""
    (tmp_path / "script.py").write_text(_SCRIPT)
    started = subprocess.Popen(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    _wait(lambda: any(tmp_path.glob("ended-*")))
    return started


def _wait(happened):
    end = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < end, "took too long"
        time.sleep(0.02)


def _is_running(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0]
    except FileNotFoundError:
        return False


def test_ctrl_c_in_a_terminal_finishes_what_has_begun_and_says_nothing_of_its_own(tmp_path):
    started = _start_slow(tmp_path)
    # A terminal sends it to every process of the group.
    os.killpg(started.pid, signal.SIGINT)
    _, errors = started.communicate(timeout=30)
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert errors.count("Traceback") == 1  # of this script alone, none of a worker
    begun = {path.name[6:] for path in tmp_path.glob("begun-*")}
    assert {path.name[6:] for path in tmp_path.glob("ended-*")} == begun
    assert len(begun) < 20


def test_no_process_outlives_the_one_that_began_it(tmp_path):
    started = _start_slow(tmp_path)
    pids = {path.read_text() for path in tmp_path.glob("begun-*")}
    assert any(_is_running(pid) for pid in pids)
    started.kill()
    started.communicate(timeout=30)
    _wait(lambda: not any(_is_running(pid) for pid in pids))
