import { byId, element } from "./pages.js";

/** The condition of a conditional model. */
export function controlCondition({ data, state }) {
  const about = data.model.condition;
  if (!about) return;
  const place = byId("condition");
  const changed = (condition) => {
    state.show({ code: state.code, indices: state.indices, condition, point: state.point, caption: `${state.caption.replace(/; condition changed$/, "")}; condition changed`, from: "condition" });
  };
  if (about.kind === "label") {
    const select = element("select", { id: "condition-label" });
    about.names.forEach((name, value) => select.append(element("option", { value, textContent: name })));
    select.addEventListener("change", () => changed(Number(select.value)));
    place.append(element("label", {}, "Condition ", select));
    state.on("code", () => {
      select.value = String(state.condition);
    });
  } else {
    const inputs = Array.from({ length: about.size }, (_, i) => {
      const input = element("input", { type: "number", step: "any", value: "0" });
      input.addEventListener("change", () => changed(inputs.map((each) => Number(each.value))));
      place.append(element("label", {}, `Condition ${i} `, input));
      return input;
    });
    state.on("code", () => {
      if (state.from !== "condition") inputs.forEach((input, i) => { input.value = String(Number(state.condition[i].toPrecision(5))); });
    });
  }
  const keep = element("input", { type: "checkbox" });
  keep.addEventListener("change", () => { state.keepCondition = keep.checked; });
  place.append(element("label", {}, keep, " Keep it for other examples"));
}
