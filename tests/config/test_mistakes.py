"""Every mistake: where it is, what was expected, and what was perhaps meant."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Mistakes = Callable[..., list[str]]

HEAD = "version: 1\nstages:\n"
CAM = HEAD + "- {use: camera, name: cam, with: {path: a.mp4}}\n"

DOCUMENT = [
    ("", "p.yaml: the file is empty (a pipeline has version and stages)"),
    ("# nothing\n", "p.yaml: the file is empty (a pipeline has version and stages)"),
    (
        "- camera\n",
        (
            "p.yaml:1:1: expected a mapping with version and stages, found a list "
            "(put the list under the key stages)"
        ),
    ),
    ("camera\n", "p.yaml:1:1: expected a mapping with version and stages, found 'camera'"),
    ("version: 1\n", "p.yaml:1:1: the key 'stages' is missing "),
    ("stages: [{use: camera, with: {path: x}}]\n", "p.yaml:1:1: the key 'version' is missing "),
    (CAM.replace("1", "2", 1), "p.yaml:1:10: 'version': expected 1, found 2"),
    (CAM.replace("1", "'1'", 1), "p.yaml:1:10: 'version': expected 1, found '1' (remove the quotes)"),
    (CAM + "stagez: 1\n", "p.yaml:4:1: unknown key 'stagez' (did you mean 'stages'?)"),
    (
        CAM + "zzz: 1\n",
        "p.yaml:4:1: unknown key 'zzz' (a pipeline has version, name, plugins, run and stages)",
    ),
    ("version: 1\nstages: []\n", "p.yaml:2:9: 'stages': expected at least 1 value, found 0"),
    ("version: 1\nstages: camera\n", "p.yaml:2:9: 'stages': expected a list, found 'camera'"),
    ("version: 1\nstages:\n", "p.yaml:2:8: 'stages': expected a list, found nothing"),
    (CAM + "run: fast\n", "p.yaml:4:6: 'run': expected a mapping, found 'fast'"),
    (CAM + "run: {queue: many}\n", "p.yaml:4:14: 'run.queue': expected a whole number, found 'many'"),
    (CAM + "run: {queue: 0}\n", "p.yaml:4:14: 'run.queue': expected at least 1, found 0"),
    (CAM + "run: {queue: 1.5}\n", "p.yaml:4:14: 'run.queue': expected a whole number, found 1.5"),
    (CAM + "run: {que: 1}\n", "p.yaml:4:7: unknown key 'run.que' (did you mean 'queue'?)"),
    (
        CAM + "run: {executor: thread}\n",
        "p.yaml:4:17: 'run.executor': expected inline or threads, found 'thread' (did you mean 'threads'?)",
    ),
    (CAM + "run: {overwrite: 7}\n", "p.yaml:4:18: 'run.overwrite': expected true or false, found 7"),
    (
        CAM + "run: {open_timeout: .inf}\n",
        "p.yaml:4:21: 'run.open_timeout': expected a finite number, found inf",
    ),
    (CAM + "name: 5\n", "p.yaml:4:7: 'name': expected a text, found 5 (put it in quotes)"),
    (CAM + "plugins: a.py\n", "p.yaml:4:10: 'plugins': expected a list, found 'a.py'"),
    (CAM + "plugins: [3]\n", "p.yaml:4:11: 'plugins[0]': expected a text, found 3 (put it in quotes)"),
    (CAM + "plugins: [./no.py]\n", "p.yaml:4:11: plugins: there is no plugin file 'no.py'"),
]

YAML = [
    (
        "a: [b\n",
        "p.yaml:2:1: bad YAML: while parsing a flow sequence that begins on line 1, expected ',' or ']', ",
    ),
    ("a: 'b\n", "p.yaml:2:1: bad YAML: while scanning a quoted scalar that begins on line 1, "),
    ("a: b: c\n", "p.yaml:1:5: bad YAML: mapping values are not allowed here (put text that contains"),
    ("a:\n\t- b\n", "p.yaml:2:1: bad YAML: while scanning for the next token, found character '\\t' "),
    ("a: *b\n", "p.yaml:1:4: bad YAML: found undefined alias 'b'"),
    ("a: 1\n---\nb: 1\n", "p.yaml:2:1: bad YAML: expected a single document in the stream, "),
    ("a: {b: ${C}}\n", 'inside {} or [] a variable needs quotes: "${NAME}")'),
    ("a: \x07\n", "p.yaml:1:4: this character is not allowed in YAML"),
    ("a: !!python/object:os.system x\n", "p.yaml:1:4: the tag '!!python/object:os.system' is not allowed"),
    ("a: !own {b: 1}\n", "p.yaml:1:4: the tag '!own' is not allowed"),
    ("a: !!int x\n", "p.yaml:1:4: cannot be read as YAML's int"),
    ("? [a, b]\n: 1\n", "p.yaml:1:3: a key must be a plain string"),
    ("<<: 3\n", "p.yaml:1:5: a merge key takes a mapping, or a list of mappings"),
    (
        "version: 1\nname: a\nversion: 1\n",
        "p.yaml:3:1: duplicate key 'version' (it is already on line 1; keep one of them)",
    ),
    ("a: &a [*a]\n", "is nested more than 40 deep"),
    ("a: " + "[" * 3000, "is nested too deeply"),
]

STAGES = [
    (CAM + "- 3\n", "p.yaml:4:3: stage 2: expected the name of a stage or a mapping with use, found 3"),
    (
        CAM + "- [camera]\n",
        "p.yaml:4:3: stage 2: expected the name of a stage or a mapping with use, found a list",
    ),
    (CAM + "- {name: x}\n", "p.yaml:4:3: x: the key 'use' is missing "),
    (CAM + "- {use: 3}\n", "p.yaml:4:9: stage 2: 'use': expected a text, found 3 (put it in quotes)"),
    (CAM + "- detct\n", "p.yaml:4:3: detct: unknown stage 'detct' (did you mean 'detect'?)"),
    (
        CAM + "- zzzz\n",
        (
            "p.yaml:4:3: zzzz: unknown stage 'zzzz' "
            "(installed are broken, camera, detect, null, track and write)"
        ),
    ),
    (
        CAM + "- detect:\n    every: 2\n- 'null'\n",
        (
            "p.yaml:4:3: a stage is named by the key 'use', found 'detect' as a key "
            "(write 'use: detect', and its options under with)"
        ),
    ),
    (CAM + "- broken\n", "p.yaml:4:3: broken: the stage 'broken' cannot be imported: no module named 'x'"),
    (CAM + "- {use: detect, nmae: x}\n", "p.yaml:4:17: detect: unknown key 'nmae' (did you mean 'name'?)"),
    (
        CAM + "- {use: detect, every: 2}\n",
        "p.yaml:4:17: detect: unknown key 'every' (it is an option of detect: put it under with)",
    ),
    (CAM + "- {use: 'null', name: a.b}\n", "p.yaml:4:23: a.b: 'name': expected text of the form "),
    (
        CAM + "- {use: 'null', timeout: soon}\n",
        "p.yaml:4:26: null: 'timeout': expected a number, found 'soon'",
    ),
    (CAM + "- {use: 'null', timeout: -1}\n", "p.yaml:4:26: null: 'timeout': expected more than 0, found -1"),
    (
        CAM + "- {use: 'null', on_error: skp}\n",
        (
            "p.yaml:4:27: null: 'on_error': expected fail, skip or pass or a mapping, found 'skp' "
            "(did you mean 'skip'?)"
        ),
    ),
    (
        CAM + "- {use: 'null', on_error: {action: skip, budget: -1}}\n",
        "p.yaml:4:50: null: 'on_error.budget': expected at least 0, found -1",
    ),
    (
        CAM + "- {use: 'null', from: {a: 1}}\n",
        "p.yaml:4:23: null: 'from': expected a text or a list, found a mapping",
    ),
    (CAM + "- {use: 'null', with: [1]}\n", "p.yaml:4:23: null: 'with': expected a mapping, found a list"),
]

OPTIONS = [
    (HEAD + "- camera\n", "p.yaml:3:3: camera: the option 'path' is missing (The file or address to read.)"),
    (HEAD + "- {use: camera, with: {}}\n", "p.yaml:3:9: camera: the option 'path' is missing "),
    (
        HEAD + "- use: camera\n  with: {pth: x}\n",
        "p.yaml:4:10: camera: unknown option 'pth' (did you mean 'path'?)",
    ),
    (
        CAM + "- {use: write, with: {q: 1}}\n",
        "p.yaml:4:23: write: unknown option 'q' (write has path, style, labels and names)",
    ),
    (CAM + "- {use: 'null', with: {q: 1}}\n", "p.yaml:4:24: null: unknown option 'q' (null has no options)"),
    (
        CAM + "- {use: write, with: {style: {widht: 1}}}\n",
        "p.yaml:4:31: write: unknown option 'style.widht' (did you mean 'width'?)",
    ),
    (
        CAM + "- {use: write, with: {style: {colour: Red}}}\n",
        "p.yaml:4:39: write: 'style.colour': expected text of the form ^[a-z]+$, found 'Red' (A word.)",
    ),
    (
        CAM + "- {use: write, with: {labels: [a, 2]}}\n",
        "p.yaml:4:35: write: 'labels[1]': expected a text, found 2 (put it in quotes)",
    ),
    (
        CAM + "- {use: write, with: {path: out}}\n",
        "p.yaml:4:29: write: 'path': cannot tell the format of 'out': end it in .json or .csv",
    ),
    (
        CAM + "- {use: detect, with: {model: ful}}\n- 'null'\n",
        "p.yaml:4:31: detect: 'model': expected short or full, found 'ful' (did you mean 'full'?)",
    ),
    (
        HEAD + "- {use: camera, with: {path: x, device: [1]}}\n",
        "p.yaml:3:41: camera: 'device': expected a whole number or a text, found a list",
    ),
    (
        HEAD + "- {use: camera, with: {path: x, size: [1]}}\n",
        "p.yaml:3:39: camera: the option 'size[1]' is missing",
    ),
    (
        HEAD + "- {use: camera, with: {path: x, size: [1, 2, 3]}}\n",
        "p.yaml:3:39: camera: 'size': expected at most 2 values, found 3",
    ),
    (
        HEAD + "- {use: camera, with: {path: x, size: [1, b]}}\n",
        "p.yaml:3:43: camera: 'size[1]': expected a whole number, found 'b'",
    ),
    (
        HEAD + "- {use: camera, with: {path: x, rate: .nan}}\n",
        "p.yaml:3:39: camera: 'rate': expected a finite number, found nan",
    ),
    (
        HEAD + "- {use: camera, with: {path: }}\n",
        "p.yaml:3:29: camera: 'path': expected a text, found nothing",
    ),
]

GRAPH = [
    (HEAD + "- detect\n- 'null'\n", "p.yaml:3:3: detect: the pipeline has no source (start it with camera)"),
    (
        CAM + "- track\n- 'null'\n",
        (
            "p.yaml:4:3: track: needs faces, which no stage before it gives "
            "(put detect between 'cam' and 'track')"
        ),
    ),
    (
        CAM + "- use: 'null'\n  from: [cam, cma]\n",
        "p.yaml:5:15: null: unknown input 'cma' (did you mean 'cam'?)",
    ),
    (
        CAM + "- {use: 'null', name: a, from: [cam, b]}\n- {use: 'null', name: b}\n",
        "p.yaml:4:32: a: receives its own output: a -> b -> a (remove one of these inputs)",
    ),
    (
        CAM + "- {use: 'null', name: cam}\n",
        "p.yaml:4:23: cam: the name 'cam' is taken by stage 1 of the list",
    ),
    (
        CAM + "- {use: camera, with: {path: b}}\n- {use: 'null', from: [cam, camera]}\n",
        "p.yaml:5:23: null: joins packets of different sources: 'cam' and 'camera'",
    ),
    (CAM + "- {use: 'null', from: []}\n", "p.yaml:4:23: null: has no input"),
    (
        CAM + "- {use: camera, from: cam, with: {path: b}}\n",
        "p.yaml:4:23: camera: is a source and takes no input",
    ),
]

VARIABLES = [
    (
        HEAD + "- use: camera\n  with:\n    path: ${CLIP}\n",
        "p.yaml:5:11: the variable CLIP is not set (set it in the environment, or write ${CLIP:-default})",
    ),
    (HEAD + "- use: camera\n  with:\n    path: a${\n", "p.yaml:5:11: '${' does not begin a variable "),
    (HEAD + "- use: camera\n  with:\n    path: '${1X}'\n", "p.yaml:5:11: '${' does not begin a variable "),
    (CAM.replace("a.mp4", "'${A:-${B}}'"), "p.yaml:3:41: the default of A refers to a variable itself "),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [*DOCUMENT, *YAML, *STAGES, *OPTIONS, *GRAPH, *VARIABLES],
    ids=lambda text: text[:60] if text.startswith("p.yaml") else "",
)
def test_a_mistake_is_reported_with_its_place(mistakes: Mistakes, text: str, expected: str) -> None:
    lines = mistakes(text)
    assert any(line.startswith(expected) or line.endswith(expected) for line in lines), "\n".join(lines)
    assert not any("\n" in line for line in lines)


@pytest.mark.parametrize(("text", "expected"), [*STAGES, *OPTIONS, *GRAPH])
def test_one_mistake_is_one_message(mistakes: Mistakes, text: str, expected: str) -> None:
    assert len(mistakes(text)) == 1


def test_all_mistakes_of_a_file_come_at_once_in_its_order(mistakes: Mistakes) -> None:
    lines = mistakes(
        """\
version: 3
nmae: x
run: {queue: 0}
stages:
  - use: camera
    with: {pth: 1, rate: fast}
  - detct
  - use: track
    from: cam
  - use: write
    timeout: never
    with: {style: {width: w}}
stagez: []
""",
        overrides=["run.mode=slow", "writ.path=x.json", "nonsense"],
    )
    assert [line.split(" ")[0] if line[0] == "p" else line.split(":")[0] for line in lines] == [
        "p.yaml:1:10:",
        "p.yaml:2:1:",
        "p.yaml:3:14:",
        "p.yaml:6:12:",
        "p.yaml:6:26:",
        "p.yaml:7:5:",
        "p.yaml:9:11:",
        "p.yaml:11:14:",
        "p.yaml:12:27:",
        "p.yaml:13:1:",
        "--set nonsense",
        "--set run.mode",
        "--set writ.path",
    ]


def test_a_wrong_option_does_not_hide_an_unmet_need(mistakes: Mistakes) -> None:
    lines = mistakes(HEAD + "- {use: camera, with: {pth: 1}}\n- track\n")
    assert any("needs faces" in line for line in lines)


def test_an_unknown_stage_does_not_make_needs_unmet(mistakes: Mistakes) -> None:
    (line,) = mistakes(CAM + "- detct\n- track\n- 'null'\n")
    assert "unknown stage" in line
