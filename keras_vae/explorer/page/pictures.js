import { element, decimals } from "./pages.js";

/** Draws examples: images on a canvas, rows of numbers as a bar chart. */
export class Pictures {
  constructor(data) {
    this.kind = data.model.kind;
    this.shape = data.model.eventShape;
    [this.low, this.high] = data.limits;
    this.columns = data.columns;
    const [height, ...rest] = this.shape;
    this.channels = this.kind === "image" ? this.shape[2] : 1;
    this.height = this.kind === "row" ? 1 : height;
    this.width = this.kind === "row" ? height : this.kind === "image" ? rest[0] : rest.reduce((a, b) => a * b, 1);
    this.sheet = data.thumbnails;
    this.sheetImage = null;
  }

  /** Loads the sheet of thumbnails. */
  async load() {
    if (!this.sheet) return;
    this.sheetImage = new Image();
    this.sheetImage.src = this.sheet.uri;
    await this.sheetImage.decode();
  }

  /** The pixels of an example, 4 bytes each. */
  pixels(values) {
    const image = new ImageData(this.width, this.height);
    const scale = 255 / (this.high - this.low);
    const channels = this.channels;
    for (let i = 0; i < this.width * this.height; i++) {
      const at = (c) => (values[i * channels + c] - this.low) * scale;
      const grey = channels === 1 ? at(0) : 0;
      image.data[4 * i] = channels === 1 ? grey : at(0);
      image.data[4 * i + 1] = channels === 1 ? grey : at(1);
      image.data[4 * i + 2] = channels === 1 ? grey : at(2);
      image.data[4 * i + 3] = channels === 4 ? at(3) : 255;
    }
    return image;
  }

  /** A canvas with an example. */
  picture(values, label = "") {
    const canvas = element("canvas", { width: this.width, height: this.height });
    if (label) {
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", label);
    }
    canvas.getContext("2d").putImageData(this.pixels(values), 0, 0);
    return canvas;
  }

  /** A canvas with the thumbnail of a point; null without thumbnails. */
  thumbnail(index) {
    if (!this.sheetImage) return null;
    const { width, height } = this.sheet;
    const canvas = element("canvas", { width, height });
    canvas.getContext("2d").drawImage(this.sheetImage, ...this.box(index), 0, 0, width, height);
    return canvas;
  }

  box(index) {
    const { width, height, columns } = this.sheet;
    return [(index % columns) * width, Math.floor(index / columns) * height, width, height];
  }

  /** Pictures in a row on one canvas. */
  row(canvas, examples) {
    canvas.width = examples.length * this.width;
    canvas.height = this.height;
    const context = canvas.getContext("2d");
    examples.forEach((values, i) => context.putImageData(this.pixels(values), i * this.width, 0));
  }

  /** The mean over channels of the absolute difference, from white (none) to red. */
  difference(one, other, label) {
    const canvas = element("canvas", { width: this.width, height: this.height });
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", label);
    const image = new ImageData(this.width, this.height);
    for (let i = 0; i < this.width * this.height; i++) {
      let sum = 0;
      for (let c = 0; c < this.channels; c++) sum += Math.abs(one[i * this.channels + c] - other[i * this.channels + c]);
      const share = Math.min(1, (2 * sum) / this.channels / (this.high - this.low));
      image.data.set([255 - 40 * share, 255 * (1 - share), 255 * (1 - share), 255], 4 * i);
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
    return canvas;
  }

  get hasBars() {
    return this.kind === "row" && this.columns.length > 0;
  }

  text(value, column) {
    if (column.categories.length && Number.isFinite(value)) return column.categories[Math.round(value)] ?? String(value);
    return decimals(value, Math.abs(value) >= 100 ? 0 : 2);
  }

  /** A table of bars, with a mark at the values of an example if there is one. */
  bars(values, example) {
    const body = element("tbody");
    this.columns.forEach((column, i) => {
      const share = (value) => `${100 * Math.min(1, Math.max(0, (value - column.low) / (column.high - column.low || 1)))}%`;
      const track = element("span", { className: "track" });
      const fill = element("span", { className: "fill" });
      fill.style.width = share(values[i]);
      track.append(fill);
      const texts = [this.text(values[i], column)];
      if (example && Number.isFinite(example[i])) {
        const mark = element("span", { className: "mark" });
        mark.style.left = share(example[i]);
        track.append(mark);
        texts.push(this.text(example[i], column));
      }
      const name = element("th", { scope: "row", textContent: column.name });
      const className = column.categories.length ? "text" : "";
      body.append(element("tr", {}, name, element("td", {}, track), ...texts.map((textContent) => element("td", { textContent, className }))));
    });
    const heads = ["Column", "", "Decoded", ...(example ? ["Example"] : [])];
    const head = element("tr", {}, ...heads.map((textContent) => (textContent ? element("th", { scope: "col", textContent }) : element("td"))));
    return element("table", { className: "bars" }, element("thead", {}, head), body);
  }
}
