/** Decodes what the state holds, and other latents, with the server. */
export class Decoder {
  constructor(data, server, state) {
    this.discrete = data.model.discrete;
    this.server = server;
    this.state = state;
  }

  /** Decodes the current latent. */
  async current() {
    const { code, indices, condition } = this.state;
    return (await this.each([{ code, indices }], condition))[0];
  }

  /** Decodes objects with a `code`, or with the `indices` of discrete codes. */
  each(latents, condition = this.state.condition) {
    if (this.discrete && latents.every((each) => each.indices) && this.server.has("decode_indices")) {
      return this.server.decodeIndices(latents.map((each) => each.indices), condition);
    }
    return this.server.decode(latents.map((each) => each.code), condition);
  }
}
