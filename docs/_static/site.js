// Code, tables and formulas that are wider than the page can be scrolled with the keyboard.
function makeScrollable() {
  for (const element of document.querySelectorAll("pre, .table-wrapper, .math-wrapper")) {
    const scrolls = element.scrollWidth > element.clientWidth;
    element.toggleAttribute("tabindex", false);
    if (scrolls) element.tabIndex = 0;
  }
}

// Sphinx makes the captions of the sidebar headings, without the level that a screen reader needs.
function setLevels() {
  for (const caption of document.querySelectorAll(".caption[role=heading]")) caption.ariaLevel = "2";
}
addEventListener("load", makeScrollable);
addEventListener("load", setLevels);
addEventListener("resize", makeScrollable);
