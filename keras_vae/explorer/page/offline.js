import { numbers, row } from "./arrays.js";
import { Drawn } from "./drawn.js";

/** Latents that were decoded beforehand, in place of a server: for any latent, the nearest of them is shown. */
export class Library {
  constructor(data, points) {
    const { z, condition, values, sheet } = data.library;
    this.size = data.model.latentSize;
    this.latents = numbers(z);
    this.count = this.latents.length / this.size;
    this.conditions = numbers(condition);
    this.isLabel = points.isLabel;
    this.values = numbers(values);
    this.sheet = sheet;
    this.drawn = new Drawn(data);
    this.noise = points.noise;
    [this.low, this.high] = data.limits;
    this.eventSize = points.eventSize;
    this.pictures = null;
  }

  /** Loads the pictures, which may be smaller than those of the model. */
  async load(pictures) {
    const note = `This page needs no server: it shows the nearest of ${this.count.toLocaleString("en")} latents that were decoded beforehand.`;
    if (!this.sheet) return note;
    const image = new Image();
    image.src = this.sheet.uri;
    await image.decode();
    this.canvas = document.createElement("canvas");
    this.canvas.width = image.width;
    this.canvas.height = image.height;
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.context.drawImage(image, 0, 0);
    pictures.width = this.sheet.width;
    pictures.height = this.sheet.height;
    pictures.channels = pictures.channels === 1 ? 1 : 3;
    this.channels = pictures.channels;
    return note;
  }

  has() {
    return false;
  }

  /** As `Decoder.each`, from the library. */
  async decode(latents, condition) {
    return latents.map((each) => this.exampleAt(this.nearest(each, condition)));
  }

  nearest(code, condition) {
    let best = 0;
    let least = Infinity;
    for (let i = 0; i < this.count; i++) {
      let apart = this.isLabel && this.conditions[i] !== condition ? 1e12 : 0;
      for (let d = 0; d < this.size && apart < least; d++) apart += ((this.latents[i * this.size + d] - code[d]) / this.noise[d]) ** 2;
      if (apart < least) {
        least = apart;
        best = i;
      }
    }
    return best;
  }

  exampleAt(i) {
    if (this.values) return row(this.values, i, this.eventSize);
    const { width, height, columns } = this.sheet;
    const { data } = this.context.getImageData((i % columns) * width, Math.floor(i / columns) * height, width, height);
    const found = new Float32Array(width * height * this.channels);
    const scale = (this.high - this.low) / 255;
    for (let p = 0; p < width * height; p++) {
      for (let c = 0; c < this.channels; c++) found[p * this.channels + c] = this.low + scale * data[4 * p + c];
    }
    return found;
  }

  async draws(seed, count) {
    return this.drawn.draws(seed, count);
  }
}
