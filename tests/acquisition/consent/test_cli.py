"""The command line: words, exit codes, confirmation."""

import io
import json
import shutil
import stat

import pytest

from acquisition.cli import main
from acquisition.consent.registry import Registry
from tests.acquisition.consent.people import make_session


@pytest.fixture
def registry(tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPFLASH_REGISTRY", str(tmp_path / "private" / "registry"))
    assert main(["consent", "controller", "--name", "Studio", "--contact", "a@b.example"]) == 0
    return Registry()


def give(capsys, *more: str) -> str:
    capsys.readouterr()
    digest = Registry().text("en").sha256[:12]
    words = ["consent", "give", "--operator", "Olga", "--text", digest, "--adult", *more]
    assert main(words) == 0
    return capsys.readouterr().out.split()[0]


@pytest.mark.usefixtures("registry")
def test_give_list_show_withdraw_renew(capsys):
    who = give(capsys, "--scopes", "train,demo", "--contact", "Anna", "--valid-for-years", "2")
    assert main(["consent", "list"]) == 0
    assert capsys.readouterr().out.startswith(f"{who}  valid")
    assert main(["consent", "show", who]) == 0
    shown = capsys.readouterr().out
    assert "train, demo" in shown
    assert "contact: Anna" in shown
    assert "Olga" in shown
    assert main(["withdraw", who]) == 0
    assert f"acquire erase {who}" in capsys.readouterr().out
    main(["consent", "list"])
    assert "withdrawn" in capsys.readouterr().out
    digest = Registry().text("it").sha256
    words = ["consent", "renew", who, "--operator", "Olga", "--adult", "--language", "it"]
    assert main([*words, "--text", digest]) == 0
    assert Registry().valid(who).language == "it"


@pytest.mark.usefixtures("registry")
def test_text_is_shown_and_agreed_to_on_the_spot(capsys, monkeypatch):
    words = ["consent", "give", "--operator", "Olga", "--adult"]
    monkeypatch.setattr("sys.stdin", io.StringIO("no\n"))
    assert main(words) == 2
    assert "nothing was recorded" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", io.StringIO("agreed\n"))
    assert main(words) == 0
    assert "never used to recognise or identify" in capsys.readouterr().out
    assert len(Registry().people()) == 1


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["consent", "give", "--operator", "Olga", "--text", "0" * 64, "--adult"], "present text"),
        (["consent", "give", "--adult", "--text", "0"], "add --operator NAME"),
        (["consent", "show", "P-4Q7ZK2"], "not in the registry"),
        (["withdraw", "nobody"], "no participant id"),
        (["erase", "P-4Q7ZK2", "--yes"], "not in the registry"),
        (["consent", "list", "--registry", "/nowhere"], "no registry at /nowhere"),
        (["consent", "sell"], "sell"),
    ],
)
def test_one_line_for_what_cannot_be_done(capsys, words, told):
    assert main(words) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


@pytest.mark.usefixtures("registry")
def test_export_is_private_and_never_overwrites(capsys, tmp_path):
    who = give(capsys, "--contact", "Anna")
    out = tmp_path / "anna.json"
    assert main(["consent", "export", who, "--out", str(out)]) == 0
    data = json.loads(out.read_text())
    assert data["registry"]["contact"] == "Anna"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert "Agreement" in next(iter(data["texts"].values()))
    assert main(["consent", "export", who, "--out", str(out)]) == 2


def test_erase_asks_then_reports_what_is_left(registry, capsys, monkeypatch, tmp_path):
    who = give(capsys)
    root = tmp_path / "sessions" / "one"
    make_session(root, [who]).close()
    registry.note_place(who, root)
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    assert main(["erase", who]) == 2
    assert "nothing was erased" in capsys.readouterr().err
    assert registry.state(who) == "valid"
    root.rename(tmp_path / "away")
    assert main(["erase", who, "--yes"]) == 2
    told = capsys.readouterr()
    assert "could not be reached" in told.out
    assert "not finished: 1" in told.err
    assert main(["erase", "--verify", who]) == 2
    shutil.move(tmp_path / "away", root)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{who}\n"))
    assert main(["erase", who]) == 0
    assert "never noted" in capsys.readouterr().out
    assert main(["erase", "--verify", who]) == 0
    capsys.readouterr()
    main(["consent", "list"])
    assert capsys.readouterr().out == f"{who}  erased\n"
