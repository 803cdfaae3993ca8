import { byId, element, isShortcut, reveal, trying } from "./pages.js";

/** The map of discrete codes, to paint on. */
export function controlCodeMap({ data, state }) {
  const about = data.model.discrete;
  if (!about) return;
  reveal("code-map-card");
  const canvas = byId("code-map");
  const code = byId("code");
  const level = byId("code-level");
  const [height, width] = about.positions.length === 1 ? [1, about.positions[0]] : [about.positions[0], about.positions.slice(1).reduce((a, b) => a * b, 1)];
  const side = Math.max(4, Math.floor(416 / Math.max(width, height)));
  canvas.width = width * side;
  canvas.height = height * side;
  byId("code-count").textContent = about.size.toLocaleString("en");
  code.max = String(about.size - 1);
  byId("code-level-label").hidden = about.levels === 1;
  for (let k = 0; k < about.levels; k++) level.append(element("option", { value: k, textContent: k + 1 }));
  let cursor = [0, 0];

  const at = ([x, y]) => (y * width + x) * about.levels + Number(level.value || 0);
  const tellPosition = () => {
    const name = state.indices ? `code ${state.indices[at(cursor)]}` : "no code";
    byId("code-position").textContent = `Row ${cursor[1] + 1}, column ${cursor[0] + 1}: ${name}.`;
  };
  const draw = () => {
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, canvas.width, canvas.height);
    for (let y = 0; y < height && state.indices; y++) {
      for (let x = 0; x < width; x++) {
        const value = state.indices[at([x, y])];
        context.fillStyle = colourOf(value);
        context.fillRect(x * side, y * side, side, side);
        if (side < 22) continue;
        context.fillStyle = "#111";
        context.font = `${Math.min(13, Math.floor(side / 2.6))}px system-ui, sans-serif`;
        context.textAlign = "center";
        context.textBaseline = "middle";
        context.fillText(String(value), (x + 0.5) * side, (y + 0.5) * side);
      }
    }
    context.strokeStyle = "#111";
    context.lineWidth = 3;
    context.strokeRect(cursor[0] * side + 1.5, cursor[1] * side + 1.5, side - 3, side - 3);
    byId("code-swatch").style.background = colourOf(Number(code.value));
  };
  const paint = () => {
    const value = Math.min(about.size - 1, Math.max(0, Number(code.value) || 0));
    if (!state.indices || state.indices[at(cursor)] === value) return;
    const indices = Int32Array.from(state.indices);
    indices[at(cursor)] = value;
    state.show({ indices, point: state.point, caption: `Code ${value} in row ${cursor[1] + 1}, column ${cursor[0] + 1}`, from: "paint" });
  };
  const pick = () => {
    if (state.indices) code.value = String(state.indices[at(cursor)]);
  };

  let painting = false;
  const follow = (event) => {
    const box = canvas.getBoundingClientRect();
    const place = (value, size, count) => Math.min(count - 1, Math.max(0, Math.floor((value / size) * count)));
    cursor = [place(event.clientX - box.left, box.width, width), place(event.clientY - box.top, box.height, height)];
    paint();
    draw();
    tellPosition();
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    painting = true;
    canvas.setPointerCapture(event.pointerId);
    follow(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!painting) return;
    const passed = event.getCoalescedEvents?.() ?? []; // a fast drag skips no position between two events
    for (const each of passed.length ? passed : [event]) follow(each);
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { painting = false; });
  canvas.addEventListener("keydown", (event) => {
    if (isShortcut(event)) return;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key in moves) {
      const [dx, dy] = moves[event.key];
      cursor = [Math.min(width - 1, Math.max(0, cursor[0] + dx)), Math.min(height - 1, Math.max(0, cursor[1] + dy))];
    } else if (event.key === "Enter" || event.key === " ") trying("code-map-card", async () => paint());
    else if (event.key === "p" || event.key === "P") pick();
    else return;
    event.preventDefault();
    draw();
    tellPosition();
  });
  for (const control of [code, level]) control.addEventListener("input", draw);
  state.on("code", () => {
    draw();
    if (state.from === "paint") tellPosition();
  });
}

/** A light colour for a code; those of consecutive codes differ most. */
function colourOf(code) {
  return `hsl(${(code * 137.508) % 360} 65% ${62 + 12 * (code % 3)}%)`;
}
