"""One HTML file with everything in it: text, tables, and pictures as data URLs."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from html import escape
from typing import Any

__all__ = ["evaluation_page", "page", "picture", "table"]

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0}
td,th{padding:.25rem .7rem;text-align:right;border-bottom:1px solid #ddd}
td:first-child,th:first-child{text-align:left}
img{max-width:100%;margin:.5rem 0}
h1{font-size:1.6rem}
h2{font-size:1.2rem}
pre{background:#f4f4f4;padding:1rem;overflow:auto;font-size:13px}
"""
_META = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'


def page(title: str, parts: Iterable[str]) -> str:
    """A whole page; the parts are HTML."""
    head = f"{_META}<title>{escape(title)}</title>"
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}<style>{_STYLE}</style></head>\n'
        f"<body><h1>{escape(title)}</h1>\n{body}\n</body></html>\n"
    )


def picture(png: bytes, about: str) -> str:
    """A picture inside the page."""
    return f'<img alt="{escape(about)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def table(header: Iterable[Any], rows: Iterable[Iterable[Any]]) -> str:
    """A table."""
    top = "".join(f"<th>{escape(str(cell))}</th>" for cell in header)
    lines = ("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{''.join(lines)}</table>"


def evaluation_page(evaluated: Any) -> str:
    """The page of an `Evaluated`, with its comparison where it has one."""
    from ferpipe_train.report import plots

    report = evaluated.report
    data, model = report["data"], report["model"]
    interval = report["accuracy_interval"]
    figures = [
        (
            "accuracy",
            f"{100 * report['accuracy']:.2f} %",
            f"{100 * interval[0]:.2f} to {100 * interval[1]:.2f}",
        ),
        ("macro-F1", f"{report['macro_f1']:.4f}", "{} to {}".format(*report["macro_f1_interval"])),
        ("expected calibration error", f"{report['ece']:.4f}", "15 bins"),
    ]
    if report["ferplus"]:
        share = f"{100 * report['ferplus']['accuracy']:.2f} %"
        figures.append(("accuracy on FER+'s majority", share, f"{report['ferplus']['n']} faces"))
    rows = (
        (r["name"], r["n"], f"{r['recall']:.3f}", f"{r['precision']:.3f}", f"{r['f1']:.3f}")
        for r in report["classes"]
    )
    about = (
        f"{report['n']} faces of {escape(data['source'])} {escape(data['split'])}; "
        f"model file {escape(model['file'])}, temperature {model['temperature']:.3f}."
    )
    parts = [
        f"<p>{about}</p>",
        table(("figure", "value", "95 % interval"), figures),
        picture(plots.confusion(report["confusion"], model["classes"]), "confusion matrix"),
        "<h2>Classes</h2>",
        table(("class", "faces", "recall", "precision", "F1"), rows),
        picture(plots.recalls(report["classes"]), "recall and precision"),
        "<h2>Calibration</h2>",
        picture(plots.reliability(evaluated.probabilities, evaluated.faces.labels), "reliability diagram"),
    ]
    if report["robustness"]:
        parts += [
            "<h2>Robustness</h2>",
            picture(plots.robustness(report["robustness"], report["accuracy"]), "robustness"),
        ]
    if comparison := report.get("comparison"):
        parts += ["<h2>Comparison</h2>", _comparison(report, comparison)]
    return page(f"{model['name']}: evaluation", parts)


def _comparison(report: dict[str, Any], other: dict[str, Any]) -> str:
    low, high = other["accuracy_gain_interval"]
    rows = [
        (
            report["model"]["name"],
            f"{100 * report['accuracy']:.2f} %",
            report["macro_f1"],
            other["only_first_right"],
        ),
        (
            other["model"]["name"],
            f"{100 * other['accuracy']:.2f} %",
            other["macro_f1"],
            other["only_second_right"],
        ),
    ]
    gain = f"{100 * other['accuracy_gain']:+.2f} points, 95 % interval {100 * low:+.2f} to {100 * high:+.2f}"
    return (
        table(("model", "accuracy", "macro-F1", "right where the other is not"), rows)
        + f"<p>Gain: {gain} (paired).</p>"
    )
