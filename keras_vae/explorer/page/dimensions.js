import { byId, decimals, element, reveal } from "./pages.js";
import { newestOnly, settled } from "./server.js";
import { sliderRow } from "./slider.js";

const CELLS = 7;
const FIRST = 12;
const WAIT = 250;

/** A slider for each active dimension, with a strip of what its values decode to. */
export function controlDimensions({ data, state, decoder, pictures }) {
  if (!data.dimensions.length) return;
  reveal("dimensions-card");
  const active = data.dimensions.filter((each) => each.active).length;
  byId("dimensions-note").textContent = active
    ? `The ${active === 64 ? "64 most" : active} active dimension${active > 1 ? "s" : ""} of ${data.model.latentSize}, the one with the ${data.dimensions[0].kl === null ? "largest variance" : "largest KL"} first. A strip shows what the values of one dimension decode to.`
    : "No dimension is active: the posterior of every example is nearly the prior. The dimensions with the largest variance are shown.";
  const place = byId("dimensions");
  const rows = data.dimensions.map((dimension) => {
    const level = data.levels.find((each) => dimension.index >= each.start && dimension.index < each.start + each.size);
    const use = dimension.kl === null ? `variance ${decimals(dimension.variance)}` : `KL ${decimals(dimension.kl)} nats`;
    const detail = [use, level ? level.name : placeOf(dimension.index, data.model.latentShape)].filter(Boolean).join(", ");
    const change = (value) => {
      const code = Float32Array.from(state.code);
      code[dimension.index] = value;
      state.show({ code, point: state.point, caption: `z${dimension.index} = ${decimals(value)}`, from: "slider" });
    };
    const made = sliderRow(`z${dimension.index}`, detail, { ...dimension, value: 0 }, change);
    const strip = element("canvas", { width: 1, height: 1 });
    strip.setAttribute("aria-hidden", "true"); // the slider is the same for the keyboard
    strip.addEventListener("click", (event) => {
      const cell = Math.min(CELLS - 1, Math.floor((event.offsetX / strip.clientWidth) * CELLS));
      change(dimension.low + ((dimension.high - dimension.low) * cell) / (CELLS - 1));
    });
    if (!pictures.hasBars) made.row.append(strip);
    made.row.hidden = true;
    place.append(made.row);
    return { ...made, strip, dimension };
  });
  let shown = 0;

  const drawStrips = newestOnly(async () => {
    if (pictures.hasBars) return;
    const visible = rows.slice(0, shown);
    const latents = visible.flatMap(({ dimension }) =>
      Array.from({ length: CELLS }, (_, cell) => {
        const code = Float32Array.from(state.code);
        code[dimension.index] = dimension.low + ((dimension.high - dimension.low) * cell) / (CELLS - 1);
        return { code };
      }),
    );
    const found = await decoder.each(latents).catch(() => null); // the viewer has told why
    if (found) visible.forEach(({ strip }, i) => pictures.row(strip, found.slice(i * CELLS, (i + 1) * CELLS)));
  });
  const drawSoon = settled(drawStrips, WAIT);

  const more = byId("more-dimensions");
  const showMore = () => {
    shown = Math.min(rows.length, shown + FIRST);
    rows.forEach((each, i) => { each.row.hidden = i >= shown; });
    more.hidden = shown === rows.length;
    drawSoon();
  };
  more.addEventListener("click", showMore);
  showMore();

  state.on("code", () => {
    for (const { dimension, set, input } of rows) {
      if (!(state.from === "slider" && input === document.activeElement)) set(state.code[dimension.index]);
    }
    drawSoon();
  });
}

/** Where a dimension is in a map of latents; nothing for vectors. */
function placeOf(index, [height, width, channels]) {
  if (channels === undefined) return "";
  const place = Math.floor(index / channels);
  return `row ${Math.floor(place / width) + 1} of ${height}, column ${(place % width) + 1} of ${width}`;
}
