"""`acquire session` on the command line: what is wrong is one line, and nothing is made."""

import ast
import os
import resource
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import structs

import acquisition
import deepflash
from acquisition.cli import VERBS, main
from acquisition.consent.registry import Registry
from acquisition.console.state import ConsentForm
from acquisition.plan import Pose
from acquisition.session import SessionFolder
from acquisition.store.info import SessionInfo, write_info
from tests.acquisition.whole_session import Program, until

HERE = ["--phone", "here", "--phone-port", "0", "--console-port", "0", "--no-browser"]
NOWHERE = ["--camera", "ptpip:127.0.0.1:1"]
ROOM = Path(acquisition.__file__).parent
HEAVY = (
    "numpy",
    "PIL",
    "cv2",
    "aiohttp",
    "gphoto2",
    "rawpy",
    "cryptography",
    "jsonargparse",
    "torch",
)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch) -> Path:
    """A working folder and homes of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


def refused(capsys, *options: str, verb: str = "session") -> str:
    """Runs the verb, which must fail with one line; returns the line."""
    assert main([verb, *options]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    lines = said.err.splitlines()
    assert len(lines) == 1, said.err
    assert lines[0].startswith("acquire: ")
    return lines[0]


def info(**other) -> SessionInfo:
    return structs.replace(
        SessionInfo(session="s", created="2026-11-22T10:00:00Z", tool="t"), **other
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--order", "together"], "both lights would be in both pictures"),
        (["--order", "first"], "phone_first and studio_first"),
        (["--phone", "smoke"], "there is wifi, cable, adb, here"),
        (["--guard-ms", "50"], "give 200 at least"),
        (["--guard-ms", "-1", "--simulate"], "give 0 to 10000"),
        (["--guard-ms", "soon"], "guard_ms"),
        (["--faults", "2"], "a share from 0 to 1"),
        (["--faults", "0.1", "--simulate", "--simulated-phone", "fax"], "chromium, client"),
        (["--camera", "film"], "no address of a camera"),
        (["--profile", "no.yaml"], "cannot read the profile no.yaml"),
        (["--profile", "damaged.yaml"], "damaged.yaml is not a profile"),
        (["--lights", "no.yaml"], "no.yaml"),
        (["--lights", "damaged.yaml"], "damaged.yaml"),
        (["--lights", "list.yaml"], "does not describe lights"),
        (["--poses", "no.yaml"], "cannot read no.yaml"),
        (["--poses", "damaged.yaml"], "damaged.yaml is no list of poses"),
        (["--poses", "list.yaml"], "list.yaml is no list of poses"),
        (["--poses", "twice.yaml"], "each with a name of its own"),
        (["--calibration", "no.json"], "no.json cannot be read"),
        (["--calibration", "damaged.yaml"], "no latency calibration"),
        (["--people", "P-UNKNWN"], "'P-UNKNWN' is no participant id"),
        (["--people", "P-4Q7ZK2"], "P-4Q7ZK2 is not in the registry"),
        (["--simulate", "--people", "P-4Q7ZK2"], "P-4Q7ZK2 is not in the registry"),
        (["--simulate", "--pairs", "nowhere"], "no pairs in nowhere"),
        (["--mirror", "no"], "--mirror no is not there"),
        (["--shoes"], "--shoes"),
    ],
)
def test_what_makes_no_sense_is_one_line_and_begins_no_session(place, capsys, options, words):
    (place / "damaged.yaml").write_text("name: [")
    (place / "list.yaml").write_text("- 1\n- 2\n")
    (place / "twice.yaml").write_text("[{name: a, instruction: b}, {name: a, instruction: c}]")
    assert words in refused(capsys, "s", *HERE, *options)
    assert not (place / "sessions").exists()


@pytest.mark.parametrize("name", ["../s", "a b", ".s", "s/t"])
def test_a_name_that_cannot_be_a_folder_is_refused(place, capsys, name):
    assert "cannot name a session" in refused(capsys, name, *HERE)
    assert "cannot name a session" in refused(
        capsys, name, "--simulate", "--simulated-phone", "client"
    )
    assert not (place / "sessions").exists()


def test_a_session_of_a_newer_program_is_left_alone(place, capsys):
    root = place / "sessions" / "s"
    SessionFolder.create(root, info()).close()
    write_info(root, info(schema=99))
    before = (root / "journal.jsonl").read_bytes()
    assert "has version 99, this program reads up to 1" in refused(capsys, "s", *HERE)
    assert (root / "journal.jsonl").read_bytes() == before


def test_a_damaged_session_is_told(place, capsys):
    root = place / "sessions" / "s"
    SessionFolder.create(root, info()).close()
    (root / "session.json").write_text("{")
    assert "is damaged" in refused(capsys, "s", *HERE)


def test_a_session_in_use_is_refused_with_who_has_it(place, capsys):
    folder = SessionFolder.create(place / "sessions" / "s", info())
    assert f"in use by process {os.getpid()}" in refused(capsys, "s", *HERE)
    folder.close()


def test_simulated_and_real_pairs_are_never_mixed(place, capsys):
    SessionFolder.create(place / "sessions" / "s", info(simulated=True)).close()
    assert "is a simulated session; choose another name" in refused(capsys, "s", *HERE)
    SessionFolder.create(place / "sessions" / "t", info(session="t")).close()
    words = refused(capsys, "t", "--simulate", "--simulated-phone", "client")
    assert "is a real session; choose another name" in words


def test_a_session_that_has_begun_keeps_its_poses_and_its_mirror(place, capsys):
    (place / "one.yaml").write_text("[{name: frontal, instruction: Look here.}]")
    SessionFolder.create(place / "sessions" / "s", info()).close()
    words = refused(capsys, "s", *HERE, "--poses", "one.yaml")
    assert "has other poses (frontal, left, right, chin_down, smile) than --poses" in words
    (place / "copy").mkdir()
    assert "begun with no mirror" in refused(capsys, "s", *HERE, "--mirror", "copy")


@pytest.mark.parametrize("option", ["--phone-port", "--console-port"])
def test_a_port_that_is_taken_is_named(place, capsys, option):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["session", "s", *NOWHERE, *HERE, option, port]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("acquire: ")
    assert f"127.0.0.1:{port}" in last
    assert "choose another port" in last
    # Nothing holds it afterwards.
    SessionFolder.open(place / "sessions" / "s").close()


def greet_and_go(place: Path, options: list[str]) -> None:
    """Runs a session that finds no camera, and presses Ctrl-C when it has said so."""
    program = Program(place, *options).wait()
    try:
        until(lambda: "runs until" in program.said[-1], "it greets")
        assert any("no camera answers there" in line for line in program.said)
        program.interrupt()
        code, said = program.end()
    finally:
        program.kill()
    assert (code, "0 pairs" in said) == (0, True)


def test_a_session_opens_without_a_camera_and_ends_politely(place):
    registry = Registry(place / "registry")
    registry.set_controller("A studio", "somebody@example.org")
    form = ConsentForm(
        language="en",
        scopes=["train"],
        is_adult=True,
        operator="O. Perator",
        text_sha256=registry.text("en").sha256,
    )
    person = registry.give(form, at=datetime.now(UTC)).participant
    (place / "one.yaml").write_text("[{name: frontal, instruction: Look here.}]")
    options = [*NOWHERE, "--phone", "here", "--phone-port", "0", "--poses", "one.yaml"]
    options += ["--registry", str(registry.folder), "--people", person]
    # The same command goes on with the session, poses and people and all.
    greet_and_go(place, options)
    greet_and_go(place, options)
    folder = SessionFolder.open(place / "sessions" / "s")
    assert folder.info.poses == [Pose(name="frontal", instruction="Look here.")]
    assert folder.info.people == [person]
    folder.close()


@pytest.mark.slow
def test_a_simulated_session_takes_its_plan_alone_and_ends_politely_when_told(place):
    options = ["--simulate", "--simulated-phone", "client", "--guard-ms", "0"]
    program = Program(place, *options, "--simulated-people", "4").wait()
    try:
        journal = place / "sessions" / "s" / "journal.jsonl"
        until(lambda: '"event":"finished"' in journal.read_text(), "one pair is finished")
        program.interrupt()
        code, said = program.end()
    finally:
        program.kill()
    assert (code, "committed" in said) == (0, True), program.said
    assert "acquire:" not in "".join(program.said)
    assert main(["verify", str(place / "sessions" / "s")]) == 0


def fresh(code: str) -> tuple[set[str], float]:
    """The heavy modules that a new Python holds after `code`, and its processor seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    report = f"{code}\nimport sys\nprint(*(n for n in {HEAVY} if n in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return set(done.stdout.splitlines()[-1].split()), seconds


def test_help_is_light():
    heavy, seconds = fresh("from acquisition.cli import main; main(['--help'])")
    assert heavy == set()
    assert seconds < 0.5


def test_the_help_of_a_session_needs_its_parser_alone():
    code = (
        "import acquisition.session_cli as cli\ntry: cli.main(['--help'])\nexcept SystemExit: pass"
    )
    assert fresh(code)[0] <= {"jsonargparse"}


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_answers_help(verb, capsys):
    try:
        code = main([verb, "--help"])
    except SystemExit as left:
        code = left.code
    assert code == 0
    assert capsys.readouterr().out.startswith("usage: acquire ")


def imported(path: Path) -> set[str]:
    """Every module that a file imports anywhere, with what it takes from packages."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_acquisition_knows_what_both_programs_share_of_deepflash_and_no_more():
    allowed = (
        "deepflash.pairs.manifest",
        "deepflash.errors",
        "deepflash.faces",
        "deepflash.places",
        "deepflash.serving",
    )
    for path in ROOM.rglob("*.py"):
        for name in imported(path):
            top = name.split(".")[0]
            assert top not in ("torch", "torchvision", "lightning"), path
            fine = name.startswith(allowed) or name == "deepflash.pairs"
            assert top != "deepflash" or fine, f"{path} imports {name}"


@pytest.mark.parametrize("room", ["faces", "serving"])
def test_what_both_share_stands_alone(room):
    """Both programs use it: neither a trainer nor a camera may come along with it."""
    files = sorted((Path(deepflash.__file__).parent / room).rglob("*.py"))
    assert len(files) > 5
    shared = ("deepflash.errors", "deepflash.faces", "deepflash.places", "deepflash.serving")
    for path in files:
        for name in imported(path):
            top = name.split(".")[0]
            assert top not in ("acquisition", "torch", "torchvision", "lightning"), path
            fine = name.startswith((*shared, "deepflash.arguments"))
            assert top != "deepflash" or fine, f"{path} imports {name}"


def test_one_module_alone_knows_libgphoto2():
    users = {path.name for path in ROOM.rglob("*.py") if "gphoto2" in imported(path)}
    assert users == set()
    words = {path for path in ROOM.rglob("*.py") if '"gphoto2")' in path.read_text()}
    assert words == {ROOM / "camera" / "library.py"}
    takers = {
        path.relative_to(ROOM)
        for path in ROOM.rglob("*.py")
        if "acquisition.camera.library" in imported(path)
    }
    assert {path.parts[0] for path in takers} == {"camera"}
