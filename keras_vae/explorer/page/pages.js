/** Short names for what the page does often. */
export const byId = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

export function reveal(id) {
  byId(id).hidden = false;
}

/** Shows why something did not work, or nothing. */
export function tell(error) {
  const place = byId("trouble");
  place.hidden = !error;
  place.textContent = error ? error.message || String(error) : "";
}

/** Runs a task of a card, and shows its error in the card; `undo` then takes back what no longer holds. */
export async function trying(card, task, undo = () => {}) {
  let place = byId(card).querySelector(".trouble");
  if (!place) {
    place = element("p", { className: "trouble", role: "alert", hidden: true });
    byId(card).append(place);
  }
  try {
    const found = await task();
    place.hidden = true;
    return found;
  } catch (error) {
    place.textContent = error.message || String(error);
    place.hidden = false;
    undo();
    place.scrollIntoView({ block: "nearest" });
    return undefined;
  }
}

/** Whether a key belongs to the browser, such as Ctrl and +. */
export function isShortcut(event) {
  return event.ctrlKey || event.metaKey || event.altKey;
}

export function decimals(value, digits = 2) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return value.toFixed(digits).replace("-", "−");
}

export function download(blob, name) {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
