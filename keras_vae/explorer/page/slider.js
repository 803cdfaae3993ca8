import { decimals, element } from "./pages.js";

let made = 0;

/** A row with a name, a slider and its value. Returns the row, the slider and a function that sets its value. */
export function sliderRow(name, detail, { low, high, value }, changed) {
  const id = `slider-${made++}`;
  const input = element("input", { type: "range", id, min: String(low), max: String(high), step: String((high - low) / 200) });
  const output = element("output");
  output.setAttribute("for", id);
  const set = (next) => {
    input.value = String(next);
    output.textContent = decimals(next);
  };
  set(value);
  input.addEventListener("input", () => {
    output.textContent = decimals(Number(input.value));
    changed(Number(input.value));
  });
  const label = element("label", { className: "name", htmlFor: id }, name);
  if (detail) label.append(element("small", { textContent: detail }));
  return { row: element("div", { className: "slider" }, label, input, output), input, set };
}
