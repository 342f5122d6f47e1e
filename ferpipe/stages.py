"""What a plugin author subclasses: `Stage` and `Source`, their options and their context."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from ferpipe.measures import Measure
from ferpipe.output import Output
from ferpipe.packet import Packet, StreamInfo

__all__ = ["Context", "Options", "OptionsT", "Source", "Stage", "Stop"]


class Options(BaseModel):
    """The options of a stage, checked before anything opens.

    Subclass it in a stage; the description of each field is the documentation that
    `ferpipe plugins` and the JSON Schema show.  Unknown keys are refused.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


OptionsT = TypeVar("OptionsT", bound=Options)


class Stop(Protocol):
    """The run's one stop event, as a stage sees it."""

    def is_set(self) -> bool:
        """Whether the run is ending."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Sleep up to `timeout` seconds, less when the run ends; True when it is ending."""
        ...


class Context(Protocol):
    """What the engine hands to a stage in `open`; it stays valid until `close` returns."""

    @property
    def name(self) -> str:
        """The stage's name in this pipeline."""
        ...

    @property
    def stop(self) -> Stop:
        """Set when the run ends; whatever may block for more than 0.1 s must heed it."""
        ...

    @property
    def live(self) -> bool:
        """Whether the stage's source is live."""
        ...

    @property
    def trusted(self) -> bool:
        """False if the pipeline is untrusted (`--no-local-plugins`): a stage must then only read its
        sources and write files through `output`, whatever its options say.
        """
        ...

    @property
    def complete(self) -> bool:
        """Whether the sources have given, or may still give, all that they have; False from the
        moment on at which the run is to end before them, or one reports that it is `incomplete`.
        In `flush` it is settled.
        """
        ...

    @property
    def streams(self) -> Mapping[str, StreamInfo]:
        """What the sources are, by name; sources open before everything else."""
        ...

    @property
    def notes(self) -> Mapping[str, Any]:
        """Facts that the stages before this one have left, such as the classifier's `model`.

        Those of another branch are not among them, nor those of a stage whose findings are gone
        here, such as a classifier's once another detector has found other faces.
        """
        ...

    @property
    def provenance(self) -> Mapping[str, Any]:
        """How what arrives was made: `stages`, each with `use` and the options that were changed (`with`),
        and `sha256` of them.  Without file names, addresses and other free text.
        """
        ...

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measures that packets may hold here: those declared on the way, and the stage's own."""
        ...

    @property
    def log(self) -> logging.Logger:
        """A logger of the stage's own; credentials in URLs are removed from what it writes."""
        ...

    def note(self, key: str, value: Any) -> None:
        """Leave a JSON-like fact of the run for the stages behind (call it in `open`).

        It stands in the header of their timelines: `model` and `classes` as entries of their own,
        everything else under `notes`.
        """
        ...

    def ask(self, kind: str, wanted: Any) -> None:
        """Ask the stages before this one that give `kind` for it in the form `wanted` (call it in `open`).

        They are open already; `Stage.asked` says what they do with it.  Raises their UsageError where
        their options contradict it.
        """
        ...

    def alive(self, state: str | None = None) -> None:
        """Report to the watchdog that waiting is intended; the progress line shows `state`."""
        ...

    def wanted(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds until the run has room for a frame of this live source.

        A source that keeps the newest frame anyway makes it only then, and reports to `missed` those
        that came before; one that never asks has its frames dropped by the run.  True for files.
        """
        ...

    def missed(self, n: int = 1) -> None:
        """Count frames that came while none was wanted: into the run, and dropped as late."""
        ...

    def incomplete(self, why: str) -> None:
        """Report that the stream could not be read to its end, such as that of a file that is cut short.

        `complete` is False from then on, the timeline says so, and `why` is shown, with `--quiet` too.
        """
        ...

    def count(self, what: str, n: int = 1) -> None:
        """Add to a counter of the stage that the run's statistics show (`repaired_pts`)."""
        ...

    def input(self, path: str | Path) -> Path:
        """The file to read for `path`: `~` expanded, `ferpipe:samples/demo.mp4` looked up
        in what ferpipe ships, relative to the working directory otherwise.
        """
        ...

    def output(self, path: str | Path) -> Path:
        """The file to write for `path`: under the run's output folder where there is one, its
        parents made, refused with a `UsageError` where it exists (without overwrite), is an
        input of the run, is being written by another run, or is outside the output folder.  It
        is for files that a library wants to write by itself; use `create` for all others.
        """
        ...

    def create(self, path: str | Path) -> Output:
        """The file to write for `path`, refused as by `output`, as `NAME.part` that is locked and
        open; `commit` it in `close`.  What was written when the run fails is kept as `.part`.
        """
        ...

    def finish(self) -> None:
        """Ask the run to end as if its sources had ended (a preview window was closed)."""
        ...

    def wrote(self, path: str | Path, about: Iterable[str] = ()) -> None:
        """Report that `path` is finished; `about` are a few lines on what is in it, for the user."""
        ...


class Stage(Generic[OptionsT]):
    """One step of a pipeline.

    Subclasses declare their contract as class attributes, which the graph checks before
    anything opens, and override `process`.  One thread at a time calls a stage, always in the
    order open, process..., flush, close, though not always the same thread.  `flush` is omitted
    where the stage itself failed or the run had to be cut short, `close` never is.  The first
    paragraph of the subclass's docstring is its description.
    """

    Options: ClassVar[type[Options]] = Options
    """The model of the options."""
    needs: ClassVar[frozenset[str]] = frozenset()
    """Kinds that must be in a packet on the way here; only where the stage that gives one failed, and has
    `on_error: pass`, it is missing."""
    gives: ClassVar[frozenset[str]] = frozenset()
    """Kinds that this stage adds or renews.  One that begins with `face.` hangs on each face: `face.mesh`
    is `face.data["mesh"]`."""
    measures: ClassVar[tuple[Measure, ...]] = ()
    """Named numbers that this stage gives, of each face or of the frame; a stage behind names one in
    its `needs`.  What a stage gives without declaring it is its error."""
    delays: ClassVar[bool] = False
    """Whether `process` may keep a packet and give it later; else None means dropped."""

    def __init__(self, options: OptionsT | None = None) -> None:
        self.options: OptionsT = self.Options() if options is None else options  # type: ignore[assignment]

    @classmethod
    def contract(
        cls,
        options: Any,  # noqa: ARG003 -- for subclasses
    ) -> tuple[frozenset[str], frozenset[str]]:
        """The (needs, gives) that hold for `options`; override it where they depend on them."""
        return cls.needs, cls.gives

    @classmethod
    def measured(
        cls,
        options: Any,  # noqa: ARG003 -- for subclasses
        arriving: Mapping[str, Measure],  # noqa: ARG003 -- for subclasses
    ) -> tuple[Measure, ...]:
        """The measures that the stage gives with `options`; override it where they depend on them.

        arriving: by name, those declared by the stages before it, so that a stage can give a measure
        again, or derive one, without knowing its unit.
        """
        return cls.measures

    @classmethod
    def independent(
        cls,
        options: Any,  # noqa: ARG003 -- for subclasses
    ) -> bool:
        """Whether `process` keeps nothing from one packet to the next, and writes no output.

        On files, several copies of such a stage then work on different packets at once, each
        opened and closed for itself; what they give keeps its order.
        """
        return False

    def open(self, context: Context) -> None:
        """Load models, open files.  Raise a `UsageError` for problems that the user can correct."""
        self.context = context

    def asked(self, kind: str, wanted: Any) -> None:
        """A stage behind wants `kind`, which this one gives, in the form `wanted`; called before the
        first packet, once for each stage that asks.  Raise a `UsageError` where the options contradict it.
        """

    def process(self, packet: Packet) -> Packet | Iterable[Packet] | None:
        """Work on one packet; give it on (`packet.replace(...)`), or None to drop it.

        A stage with `delays` may give earlier packets, in order, or none yet.
        """
        raise NotImplementedError(f"{type(self).__name__} does not override process")

    def flush(self) -> Iterable[Packet]:
        """The source has ended: give what was kept back."""
        return ()

    def close(self) -> None:
        """Release everything and finish the outputs; called once if `open` was called."""


class Source(Stage[OptionsT]):
    """A stage that packets come from: override `frames` instead of `process`.

    Set `stream` in `open`.  A live source should not wait for its device in `open` but in
    `frames`, calling `context.alive("connecting")` at least once a second.
    """

    gives: ClassVar[frozenset[str]] = frozenset({"frame"})
    live: bool = False
    """Whether frames come at their own pace and are dropped rather than waited for; may be
    set in `__init__` or `open`."""
    stream: StreamInfo

    def frames(self) -> Iterator[Packet]:
        """Give packets of strictly increasing time until the stream or the run ends."""
        raise NotImplementedError(f"{type(self).__name__} does not override frames")

    def interrupt(self) -> None:
        """Called from another thread when the run ends: wake `frames` if it can block."""
