"""The hooks of the plugins, called through pluggy, one plugin at a time."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from traceback import extract_tb
from types import ModuleType
from typing import Any

import pluggy

from ferpipe import hookspecs

__all__ = ["Hooks"]


class Hooks:
    """What the plugins implement, by the key that each is registered under.

    A plugin's implementation is called with all wrappers around it, those of other plugins too, and
    with nobody else's implementation: an error has one culprit, and a result one origin.

    blame: is given the key of a plugin whose wrapper raises, the hook and the error; the wrapper is
        disabled from then on.
    """

    def __init__(self, blame: Callable[[str, str, BaseException], None]) -> None:
        self.manager = pluggy.PluginManager("ferpipe")
        self.manager.add_hookspecs(hookspecs)
        self._blame = blame
        self._bad_wrappers: set[tuple[str, str]] = set()
        self._order: list[str] = []

    def add(self, module: ModuleType, key: str) -> None:
        """Register a plugin.  Raises LookupError where it has no hook, or one that is not known."""
        self.manager.register(module, key)
        self._order.append(key)
        callers = self.manager.get_hookcallers(module) or []
        if not callers:
            raise LookupError("it has no hook: mark a function 'ferpipe_stages' with @ferpipe.hookimpl")
        known = [name for name in vars(hookspecs) if name.startswith("ferpipe_")]
        for caller in callers:
            if not caller.has_spec():
                near = get_close_matches(caller.name, known, 1, 0.8)
                hint = f": did you mean '{near[0]}'?" if near else f": the hooks are {', '.join(known)}"
                raise LookupError(f"there is no hook '{caller.name}'{hint}")

    def remove(self, key: str) -> None:
        """Forget a plugin, if it is there."""
        if self.manager.has_plugin(key):
            self.manager.unregister(name=key)
            self._order.remove(key)

    def givers(self, hook: str) -> list[str]:
        """The plugins that implement `hook`: those with `tryfirst`, the others, those with `trylast`,
        each in the order of loading.
        """
        ranks = {
            impl.plugin_name: 0 if impl.tryfirst else 2 if impl.trylast else 1
            for impl in getattr(self.manager.hook, hook).get_hookimpls()
            if not _wraps(impl)
        }
        return sorted(ranks, key=lambda key: (ranks[key], self._order.index(key)))

    def call(self, hook: str, key: str) -> list[Any]:
        """What the plugin `key` gives for `hook`, as the wrappers hand it on; raises what it raises."""
        impls = getattr(self.manager.hook, hook).get_hookimpls()
        wrappers = [
            impl for impl in impls if _wraps(impl) and (impl.plugin_name, hook) not in self._bad_wrappers
        ]
        own = [impl for impl in impls if impl.plugin_name == key and not _wraps(impl)]
        if not wrappers or not own:
            return [given for impl in own if (given := impl.function()) is not None]
        try:
            return self._wrapped(hook, [*own, *wrappers])
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            return self._without_the_culprit(hook, key, own, wrappers, error)

    def _wrapped(self, hook: str, impls: list[pluggy.HookImpl]) -> list[Any]:
        caller = pluggy.PluginManager("ferpipe")
        caller.add_hookspecs(hookspecs)
        # Each is registered as a plugin of its own, in pluggy's order, which is that of the list reversed.
        for number, impl in enumerate(impls):
            module = ModuleType(f"{impl.plugin_name} {number}")
            setattr(module, hook, impl.function)
            caller.register(module, f"{impl.plugin_name} {number}")
        given = getattr(caller.hook, hook)()
        return list(given) if isinstance(given, list | tuple) else [given]

    def _without_the_culprit(
        self,
        hook: str,
        key: str,
        own: list[pluggy.HookImpl],
        wrappers: list[pluggy.HookImpl],
        error: BaseException,
    ) -> list[Any]:
        """Call once more without the wrappers: where that works, one of them was to blame."""
        given = [given for impl in own if (given := impl.function()) is not None]
        # The innermost of them: an error passes through the wrappers around the one that raised it.
        files = [file for file in _files(error) if file in {_file(impl) for impl in wrappers}]
        guilty = [impl for impl in wrappers if _file(impl) in files[-1:]] or wrappers
        for impl in guilty:
            self._bad_wrappers.add((impl.plugin_name, hook))
            self._blame(impl.plugin_name, hook, error)
        return given if len(guilty) == len(wrappers) else self.call(hook, key)


def _wraps(impl: pluggy.HookImpl) -> bool:
    return impl.hookwrapper or impl.wrapper


def _file(impl: pluggy.HookImpl) -> str:
    return str(impl.function.__code__.co_filename)


def _files(error: BaseException) -> list[str]:
    """The files that an error went through, the innermost last."""
    return [frame.filename for frame in extract_tb(error.__traceback__)]
