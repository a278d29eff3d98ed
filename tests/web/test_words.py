import json
import re

import pytest

from tests.web.node import WEB

PAGE = WEB / "src/page"
WORDS = {path.stem: json.loads(path.read_text()) for path in (PAGE / "words").glob("*.json")}
ENGLISH = WORDS["en"]
SOURCES = {path: path.read_text() for path in (WEB / "src").rglob("*.ts")}
HTML = (WEB / "public/index.html").read_text()
GROUPS = sorted({key.split(".")[0] for key in ENGLISH if "." in key})
LIGHTS = ("side", "above", "front", "eyes", "nose")
STAGES = ("load", "decode", "faces", "network", "preview", "render", "encode")


def placeholders(text):
    return sorted(re.findall(r"\{(\w+)\}", text))


def keys_in(source):
    """Strings in quotes that look like keys, such as "error.empty"."""
    pattern = rf"""["'`]((?:{"|".join(GROUPS)})\.[A-Za-z.]+)["'`]"""
    return set(re.findall(pattern, source)) - file_names(source)


def file_names(source):
    return set(re.findall(r"""["']([\w.-]+\.(?:ts|js|json|html|css|onnx|wasm|jpg))["']""", source))


def is_key(key):
    return key in ENGLISH or {f"{key}.one", f"{key}.other"} <= set(ENGLISH)


@pytest.mark.parametrize("language", sorted(WORDS))
def test_languages_have_the_same_keys_and_placeholders(language):
    words = WORDS[language]
    assert list(words) == list(ENGLISH)
    for key, text in words.items():
        assert text.strip() == text != "", key
        assert placeholders(text) == placeholders(ENGLISH[key]), key


def test_there_are_english_and_italian():
    assert {"en", "it"} <= set(WORDS)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(WEB / "src")))
def test_keys_in_the_code_have_words(path):
    missing = {key for key in keys_in(SOURCES[path]) if not is_key(key)}
    assert not missing


def test_keys_in_the_page_have_words():
    keys = re.findall(r'data-word(?:-label|-alt)?="([^"]+)"', HTML)
    assert keys
    assert not [key for key in keys if key not in ENGLISH]


def test_the_page_says_before_any_script_runs_what_the_english_words_say():
    texts = re.findall(r'<\w+[^>]* data-word="([^"]+)"[^>]*>([^<]+)<', HTML)
    labels = re.findall(r'aria-label="([^"]+)"[^>]* data-word-label="([^"]+)"', HTML)
    alts = re.findall(r' alt="([^"]+)"[^>]* data-word-alt="([^"]+)"', HTML)
    assert len(texts) > 20
    assert len(labels) > 5
    assert len(alts) == 2
    for key, text in texts + [(key, text) for text, key in labels + alts]:
        assert text == ENGLISH[key], key
    assert f"<title>{ENGLISH['title']}</title>" in HTML
    assert ENGLISH["noscript"] in HTML


def test_no_word_is_left_over():
    said = "\n".join(SOURCES.values()) + HTML
    # What the engine says, or what is put together from parts.
    composed = re.compile(r"(verdict|error|note|stage|camera)\.|noscript$|title$|.*\.(one|other)$")
    left = [key for key in ENGLISH if not composed.match(key) and key not in said]
    assert not left


def test_everything_that_the_engine_may_say_has_words():
    lights = [f"verdict.none.{one}{end}" for one in LIGHTS for end in ("", ".although", ".and")]
    flash = [f"verdict.flash.{one}" for one in ("exif", "pupils", "light", "several")]
    damages = ("small", "black", "white", "plain", "filled")
    stages = [f"stage.{one}" for one in STAGES]
    faults = [f"camera.{one}" for one in ("denied", "none", "busy", "failed")]
    damaged = [f"verdict.damaged.{one}" for one in damages]
    others = ["verdict.none.exif", "verdict.noFace"]
    wanted = lights + flash + damaged + stages + faults + others
    assert not [key for key in wanted if key not in ENGLISH]
    assert placeholders(ENGLISH["verdict.flash.several"]) == ["faces", "lit"]
    assert placeholders(ENGLISH["verdict.damaged.small"]) == ["height", "width"]
    assert placeholders(ENGLISH["verdict.damaged.filled"]) == ["percent"]


def test_counted_words_have_both_forms():
    for key in ENGLISH:
        if key.endswith(".one") and key != "faces.one":
            assert key.removesuffix(".one") + ".other" in ENGLISH
