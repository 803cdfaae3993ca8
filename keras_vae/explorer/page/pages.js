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

/** Runs a task and shows its error. */
export async function trying(task) {
  try {
    const found = await task();
    tell(null);
    return found;
  } catch (error) {
    tell(error);
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
