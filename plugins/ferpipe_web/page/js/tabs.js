/** Tabs by pointer and keyboard (WAI-ARIA Authoring Practices, Tabs). */

/** Show the panel of the chosen tab; `changed` is called with its name. */
export function makeTabs(list, changed) {
  const tabs = [...list.querySelectorAll("[role=tab]")];
  const name = (tab) => tab.getAttribute("aria-controls");
  const open = () => tabs.filter((tab) => !tab.hidden);

  function choose(tab, focus = false) {
    for (const each of tabs) {
      const chosen = each === tab;
      each.setAttribute("aria-selected", String(chosen));
      each.tabIndex = chosen ? 0 : -1;
      document.getElementById(name(each)).hidden = !chosen;
    }
    if (focus) tab.focus();
    history.replaceState(null, "", `#${name(tab)}`);
    changed(name(tab));
  }

  list.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (tab) choose(tab);
  });
  list.addEventListener("keydown", (event) => {
    const all = open();
    const here = all.indexOf(document.activeElement);
    const to = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined || here < 0) return;
    event.preventDefault();
    choose(all.at(to % all.length), true);
  });
  addEventListener("hashchange", () => {
    const wanted = open().find((tab) => `#${name(tab)}` === location.hash);
    if (wanted) choose(wanted);
  });
  return {
    /** Show the tab of that name, or the first there is. */
    show: (wanted) => choose(open().find((tab) => name(tab) === wanted) ?? open()[0]),
    hide: (unwanted) => tabs.filter((tab) => unwanted.includes(name(tab))).forEach((tab) => (tab.hidden = true)),
  };
}
