// Code, tables and formulas that are wider than the page can be scrolled with the keyboard.
function makeScrollable() {
  for (const element of document.querySelectorAll("pre, .table-wrapper, div.math")) {
    const scrolls = element.scrollWidth > element.clientWidth;
    element.toggleAttribute("tabindex", false);
    if (scrolls) element.tabIndex = 0;
  }
}

// A screen reader needs levels of the headings in the sidebar, names of the two sidebars, and the visible name of what opens.
function nameForReaders() {
  for (const caption of document.querySelectorAll(".caption[role=heading]")) caption.ariaLevel = "2";
  const names = { ".sidebar-drawer": "Pages", ".toc-drawer": "On this page" };
  for (const [drawer, name] of Object.entries(names)) {
    for (const element of document.querySelectorAll(drawer)) element.ariaLabel = name;
  }
  for (const summary of document.querySelectorAll("summary[aria-label]")) summary.removeAttribute("aria-label");
}
addEventListener("load", makeScrollable);
addEventListener("load", nameForReaders);
addEventListener("resize", makeScrollable);

// A page that was opened as a file cannot read the pages whose lines the search results quote.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
