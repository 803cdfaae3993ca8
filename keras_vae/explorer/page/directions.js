import { numbers } from "./arrays.js";
import { byId, decimals, reveal } from "./pages.js";
import { sliderRow } from "./slider.js";

/** A slider for the direction of each label. The sliders add to the latent that was shown before the first of them. */
export function controlDirections({ data, state }) {
  if (!data.directions.length) return;
  reveal("directions-card");
  let base = null;
  const rows = data.directions.map(({ name, vector, auroc, count }) => {
    const made = sliderRow(name, `AUROC ${decimals(auroc)}, ${count.toLocaleString("en")} examples`, { low: -2, high: 2, value: 0 }, () => {
      base ??= Float32Array.from(state.code);
      const code = Float32Array.from(base);
      const words = [];
      for (const each of rows) {
        const amount = Number(each.input.value);
        if (Math.abs(amount) > 1e-6) words.push(`${decimals(amount, 1)} × the direction of ${each.name}`);
        for (let d = 0; d < code.length; d++) code[d] += amount * each.numbers[d];
      }
      state.show({ code, point: state.point, caption: words.join(", ") || "No direction", from: "direction" });
    });
    byId("directions").append(made.row);
    return { ...made, name, numbers: numbers(vector) };
  });
  state.on("code", () => {
    if (state.from === "direction" || state.from === "condition") return;
    base = null;
    for (const each of rows) each.set(0);
  });
}
