"""An evaluation in the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

__all__ = ["print_evaluation"]


def print_evaluation(console: Console, report: dict[str, Any]) -> None:
    """The figures of a report, as tables."""
    data = report["data"]
    console.print(
        f"[bold]{report['model']['name']}[/] on {report['n']} faces of {data['source']}"
        + (f", {data['split']}" if data["split"] else "")
    )
    figures = Table(box=None, show_header=False)
    figures.add_row("accuracy", _percent(report["accuracy"]), _span(report["accuracy_interval"]))
    figures.add_row(
        "macro-F1", f"{report['macro_f1']:.4f}", _span(report["macro_f1_interval"], percent=False)
    )
    figures.add_row("ECE", f"{report['ece']:.4f}", "15 bins")
    if report["ferplus"]:
        figures.add_row(
            "FER+ majority", _percent(report["ferplus"]["accuracy"]), f"{report['ferplus']['n']} faces"
        )
    console.print(figures)
    console.print(_classes(report))
    console.print()
    console.print(_confusion(report))
    if report["robustness"]:
        console.print(_robustness(report))
    if report["stability"]:
        console.print(_stability(report))
    if comparison := report.get("comparison"):
        console.print(
            f"[bold]{comparison['model']['name']}[/] {_percent(comparison['accuracy'])}: "
            f"{100 * comparison['accuracy_gain']:+.2f} points "
            f"({_span(comparison['accuracy_gain_interval'])}), macro-F1 {comparison['macro_f1_gain']:+.4f} "
            f"({_span(comparison['macro_f1_gain_interval'], percent=False)})"
        )


def _classes(report: dict[str, Any]) -> Table:
    """A row for each class: how well it is recognised."""
    table = Table("class", "faces", "recall", "precision", "F1", box=None, header_style="bold")
    for column in table.columns[1:]:
        column.justify = "right"
    for row in report["classes"]:
        table.add_row(
            row["name"], str(row["n"]), f"{row['recall']:.3f}", f"{row['precision']:.3f}", f"{row['f1']:.3f}"
        )
    return table


def _confusion(report: dict[str, Any]) -> Table:
    """A row a label: how often each class was the answer."""
    table = Table("label, answered", box=None, header_style="bold")
    for name in report["model"]["classes"]:
        table.add_column(name, justify="right", no_wrap=True)
    for row, counts in zip(report["classes"], report["confusion"], strict=True):
        table.add_row(row["name"], *map(str, counts))
    return table


def _robustness(report: dict[str, Any]) -> Table:
    table = Table("faces are", "accuracy", "change", "macro-F1", box=None, header_style="bold")
    for row in report["robustness"]:
        change = f"{100 * (row['accuracy'] - report['accuracy']):+.1f}"
        table.add_row(row["condition"], _percent(row["accuracy"]), change, f"{row['macro_f1']:.4f}")
    return table


def _stability(report: dict[str, Any]) -> Table:
    table = Table("faces are", "labels changed", box=None, header_style="bold")
    for row in report["stability"]:
        table.add_row(row["change"], _percent(row["labels_changed"]))
    return table


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _span(bounds: list[float], *, percent: bool = True) -> str:
    low, high = bounds
    return f"{100 * low:.2f} to {100 * high:.2f}" if percent else f"{low:.4f} to {high:.4f}"
