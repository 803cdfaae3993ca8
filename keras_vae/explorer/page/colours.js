import { numbers } from "./arrays.js";
import { byId, decimals, element } from "./pages.js";

export const dark = window.matchMedia("(prefers-color-scheme: dark)");
const MISSING = "#999999";
const PART = "part of the data";

/** The colour of each point, and its legend. */
export class Colours {
  constructor(data) {
    this.all = data.colourings;
    this.ramp = data.ramp;
    this.values = this.all.map((each) => numbers(each.values));
    this.chosen = 0;
    this.grouped = {};
  }

  get current() {
    return this.all[this.chosen];
  }

  /** The points of each colour: pairs of a colour and indices. */
  groups(count) {
    const key = `${this.chosen} ${dark.matches}`;
    if (this.grouped.key !== key) this.grouped = { key, groups: this.grouping(count) };
    return this.grouped.groups;
  }

  grouping(count) {
    if (!this.all.length) return [[this.palette(["#0072b2"])[0], Array.from({ length: count }, (_, i) => i)]];
    const values = this.values[this.chosen];
    const { kind } = this.current;
    const colours = kind === "class" ? this.palette(this.current.colours) : this.ramp;
    const [low, high] = kind === "class" ? [0, 1] : this.range(this.chosen);
    const groups = colours.map(() => []);
    const missing = [];
    for (let i = 0; i < count; i++) {
      const share = (values[i] - low) / (high - low || 1);
      const group = kind === "class" ? values[i] : Math.min(colours.length - 1, Math.max(0, Math.floor(share * colours.length)));
      (groups[group] || missing).push(i);
    }
    return [[MISSING, missing], ...groups.map((group, i) => [colours[i], group])];
  }

  /** The range of the numbers without the most extreme percent. */
  range(chosen) {
    const sorted = Array.from(this.values[chosen]).filter(Number.isFinite).sort((a, b) => a - b);
    const at = (share) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
    return [at(0.01), at(0.99)];
  }

  /** The colours, mixed with white where the page is dark. */
  palette(colours) {
    if (!dark.matches) return colours;
    return colours.map((colour) => {
      const parts = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
      return `rgb(${parts.map((part) => Math.round(part + 0.42 * (255 - part))).join(",")})`;
    });
  }

  /** What is known of a point, in words, beside its part of the data, which its name tells. */
  words(i) {
    return this.all.flatMap((each, k) => {
      const value = this.values[k][i];
      return each.name === PART ? [] : [`${each.name}: ${each.kind === "class" ? each.names[value] ?? "–" : decimals(value)}`];
    });
  }

  /** Shows the legend; a click on a class calls `choose` with its points. */
  showLegend(count, choose) {
    const place = byId("legend");
    place.replaceChildren();
    if (!this.all.length) return;
    if (this.current.kind === "class") {
      const colours = this.palette(this.current.colours);
      const values = this.values[this.chosen];
      this.current.names.forEach((name, k) => {
        const dot = element("span", { className: "dot" });
        dot.style.background = colours[k];
        const button = element("button", { type: "button", title: "Select these examples" }, dot, name);
        button.setAttribute("aria-pressed", "false");
        button.addEventListener("click", () => {
          const pressed = button.getAttribute("aria-pressed") === "true";
          for (const other of place.querySelectorAll("button")) other.setAttribute("aria-pressed", "false");
          button.setAttribute("aria-pressed", String(!pressed));
          const chosen = [];
          for (let i = 0; i < count && !pressed; i++) if (values[i] === k) chosen.push(i);
          choose(chosen);
        });
        place.append(element("li", {}, button));
      });
      return;
    }
    const [low, high] = this.range(this.chosen);
    const bar = element("span", { className: "ramp" });
    bar.style.background = `linear-gradient(to right, ${this.ramp.join(",")})`;
    place.append(element("li", { textContent: decimals(low) }), element("li", {}, bar), element("li", { textContent: decimals(high) }));
  }
}
