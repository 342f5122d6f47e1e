/** Light or dark: the system's choice, until the button is pressed. */

/** Let `button` change it; `changed` is called whenever colours are others than before. */
export function themeButton(button, changed) {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  button.addEventListener("click", () => {
    const now = root.dataset.theme ?? (dark.matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    changed();
  });
  dark.addEventListener("change", changed);
}
