import { byId, download, element } from "./pages.js";

const SHOWN = 48;

/** The selected points: how many of which class, their pictures and their mean. */
export function showSelection({ state, points, pictures, colours, choose }) {
  state.on("selection", () => {
    const chosen = state.selection;
    byId("selection-card").hidden = chosen.length === 0;
    if (!chosen.length) return;
    byId("selection-text").textContent = `${chosen.length.toLocaleString("en")} example${chosen.length > 1 ? "s" : ""}. ${counts(chosen, colours)}`;
    const step = Math.max(1, chosen.length / SHOWN);
    const shown = Array.from({ length: Math.min(SHOWN, chosen.length) }, (_, k) => chosen[Math.floor(k * step)]);
    byId("selection-pictures").replaceChildren(...shown.map((i) => exampleButton(i, { points, pictures, choose })));
  });
  byId("selection-mean").hidden = points.indices !== null; // the mean of discrete codes is none of them
  byId("selection-mean").addEventListener("click", () => {
    const chosen = state.selection;
    state.show({ code: points.mean(chosen), condition: points.condition(chosen[0]), caption: `Mean of the selection, ${chosen.length.toLocaleString("en")} example${chosen.length > 1 ? "s" : ""}` });
  });
  byId("selection-clear").addEventListener("click", () => state.select([]));
  byId("selection-save").addEventListener("click", () => {
    const lines = state.selection.map((i) => `${points.partNames[points.part[i]]},${points.row[i]}`);
    download(new Blob([["part,row", ...lines, ""].join("\n")], { type: "text/csv" }), "selection.csv");
  });
}

/** A button with the picture of a point, which shows the point. */
export function exampleButton(i, { points, pictures, choose }, detail = "") {
  const name = points.name(i);
  const button = element("button", { type: "button", ariaLabel: detail ? `${name}, ${detail}` : name, title: name }, pictures.thumbnail(i) || name);
  if (detail) button.append(detail);
  button.addEventListener("click", () => choose(i));
  return button;
}

function counts(chosen, colours) {
  if (!colours.all.length || colours.current.kind !== "class") return "";
  const values = colours.values[colours.chosen];
  const found = new Map();
  for (const i of chosen) found.set(values[i], (found.get(values[i]) || 0) + 1);
  const parts = [...found].sort((a, b) => b[1] - a[1]).slice(0, 6);
  return `By ${colours.current.name}: ${parts.map(([value, count]) => `${colours.current.names[value]} (${count})`).join(", ")}.`;
}
