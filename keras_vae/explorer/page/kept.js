import { animation } from "./gif.js";
import { byId, decimals, download, element, reveal, trying } from "./pages.js";
import { sliderRow } from "./slider.js";

const MOST_STEPS = 40;
const LEAST_SIDE = 256; // of a GIF in pixels, to which small pictures are enlarged

/** The slots A, B and C, their combinations, and paths from A to B. */
export function controlKept(context) {
  const { data, state, decoder, pictures } = context;
  reveal("kept-card");
  const slots = byId("slots");
  const places = {};
  for (const name of Object.keys(state.slots)) {
    const keep = element("button", { type: "button", textContent: "Keep", ariaLabel: `Keep what is decoded as ${name}` });
    keep.addEventListener("click", () => state.keep(name));
    const show = element("button", { type: "button", textContent: "Show", ariaLabel: `Show ${name}`, disabled: true });
    show.addEventListener("click", () => state.show({ ...copy(state.slots[name]), caption: `${name}: ${state.slots[name].caption}` }));
    const picture = element("div");
    slots.append(element("div", { className: "slot" }, element("strong", { textContent: name }), picture, element("span", { className: "buttons" }, keep, show)));
    places[name] = { picture, show };
  }

  const buttons = { difference: ["A", "B", "C"], middle: ["A", "B"], path: ["A", "B"], "path-gif": ["A", "B"] };
  const update = () => {
    for (const [id, needed] of Object.entries(buttons)) byId(id).disabled = needed.some((name) => !state.slots[name]);
    byId("mix-levels").hidden = !(state.slots.A && state.slots.B);
  };
  update();
  state.on("slots", async (event) => {
    const name = event.detail;
    const slot = state.slots[name];
    places[name].show.disabled = false;
    update();
    const [values] = (await trying("kept-card", () => decoder.each([slot], slot.condition))) || [];
    if (!values) return;
    places[name].picture.replaceChildren(pictures.hasBars ? element("p", { className: "quiet", textContent: slot.caption }) : pictures.picture(values, `${name}: ${slot.caption}`));
  });

  byId("difference").addEventListener("click", () => {
    const { A, B, C } = state.slots;
    state.show({ code: A.code.map((a, d) => a - B.code[d] + C.code[d]), condition: C.condition, caption: "A − B + C" });
  });
  byId("middle").addEventListener("click", () => {
    const { A, B } = state.slots;
    state.show({ code: A.code.map((a, d) => (a + B.code[d]) / 2), condition: A.condition, caption: "Mean of A and B" });
  });

  const path = async () => {
    const steps = Math.min(MOST_STEPS, Math.max(3, Number(byId("path-steps").value) || 9));
    const { A, B } = state.slots;
    const between = byId("path-kind").value === "spherical" ? spherical : straight;
    const latents = Array.from({ length: steps }, (_, i) => ({ code: between(A.code, B.code, i / (steps - 1)) }));
    return { latents, decoded: await decoder.each(latents, A.condition), condition: A.condition };
  };
  byId("path").addEventListener("click", () => trying("kept-card", async () => {
    const { latents, decoded, condition } = await path();
    showStrip(byId("path-strip"), context, latents, decoded, (i) => `Step ${i + 1} of ${latents.length} from A to B`, condition);
  }, () => byId("path-strip").replaceChildren()));
  byId("path-gif").hidden = pictures.hasBars;
  byId("path-gif").addEventListener("click", () => trying("kept-card", async () => {
    const { decoded } = await path();
    const scale = Math.max(1, Math.floor(LEAST_SIDE / Math.max(pictures.width, pictures.height)));
    download(animation(decoded.map((values) => pictures.pixels(values)), scale), "interpolation.gif");
  }));

  if (data.levels.length) {
    reveal("mix-note");
    const mixed = data.levels.map(() => 0);
    data.levels.forEach((level, k) => {
      const { row } = sliderRow(`A to B, ${level.name}`, `${level.size} dimensions`, { low: 0, high: 1, value: 0 }, (share) => {
        mixed[k] = share;
        const code = Float32Array.from(state.slots.A.code);
        data.levels.forEach(({ start, size }, l) => {
          for (let d = start; d < start + size; d++) code[d] += mixed[l] * (state.slots.B.code[d] - code[d]);
        });
        const words = data.levels.map(({ name }, l) => `${decimals(100 * mixed[l], 0)}% of B in ${name}`).filter((_, l) => mixed[l] > 0);
        state.show({ code, condition: state.slots.A.condition, caption: words.join(", ") || "A", from: "mix" });
      });
      byId("mix-levels").append(row);
    });
  }
}

/** Buttons with pictures, each of which shows its latent. */
export function showStrip(place, { state, pictures }, latents, decoded, name, condition) {
  place.replaceChildren(...latents.map((latent, i) => {
    const picture = pictures.hasBars ? element("span", { className: "number", textContent: String(i) }) : pictures.picture(decoded[i]);
    const button = element("button", { type: "button", ariaLabel: name(i), title: name(i) }, picture);
    button.addEventListener("click", () => state.show({ ...copy(latent), condition, caption: name(i) }));
    return button;
  }));
}

function copy({ code, indices = null, condition = null }) {
  return { code: Float32Array.from(code), indices: indices && Int32Array.from(indices), condition };
}

function straight(from, to, share) {
  return from.map((value, d) => value + share * (to[d] - value));
}

/** Along the arc between two vectors, as their lengths change evenly. */
function spherical(from, to, share) {
  const length = (v) => Math.sqrt(v.reduce((sum, value) => sum + value * value, 0));
  const [a, b] = [length(from), length(to)];
  const cosine = from.reduce((sum, value, d) => sum + value * to[d], 0) / (a * b || 1);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  if (angle < 1e-4 || Math.PI - angle < 1e-4) return straight(from, to, share);
  const [left, right] = [Math.sin((1 - share) * angle) / Math.sin(angle), Math.sin(share * angle) / Math.sin(angle)];
  const radius = a + share * (b - a);
  return from.map((value, d) => radius * ((left * value) / a + (right * to[d]) / b));
}
