/** What is decoded now, and which points are selected. Listeners are told of "code", "selection" and "slots". */
export class State extends EventTarget {
  constructor(data) {
    super();
    this.condition = data.model.condition ? (data.model.condition.kind === "label" ? 0 : Array(data.model.condition.size).fill(0)) : null;
    this.code = new Float32Array(data.model.latentSize);
    this.indices = null;
    this.point = null;
    this.from = "";
    this.caption = "";
    this.keepCondition = false;
    this.selection = [];
    this.slots = { A: null, B: null, C: null };
  }

  /** Changes what is decoded. `from` names the control, so that it does not answer its own change. */
  show({ code = null, indices = null, condition = null, point = null, caption = "", from = "" }) {
    this.code = code || this.code;
    this.indices = indices;
    if (condition !== null && !(this.keepCondition && from !== "condition")) this.condition = condition;
    this.point = point;
    this.caption = caption;
    this.from = from;
    this.dispatchEvent(new Event("code"));
  }

  select(indices) {
    this.selection = indices;
    this.dispatchEvent(new Event("selection"));
  }

  keep(name) {
    this.slots[name] = { code: Float32Array.from(this.code), indices: this.indices && Int32Array.from(this.indices), condition: this.condition, caption: this.caption };
    this.dispatchEvent(new CustomEvent("slots", { detail: name }));
  }

  on(name, listener) {
    this.addEventListener(name, listener);
  }
}
