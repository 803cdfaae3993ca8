// Code that is wider than the page can be scrolled with the keyboard.
function makeScrollable() {
  for (const element of document.querySelectorAll("pre, .table-wrapper")) {
    const scrolls = element.scrollWidth > element.clientWidth;
    element.toggleAttribute("tabindex", false);
    if (scrolls) element.tabIndex = 0;
  }
}
addEventListener("load", makeScrollable);
addEventListener("resize", makeScrollable);
