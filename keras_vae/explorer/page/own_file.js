import { exampleButton } from "./selection.js";
import { byId, decimals, element, reveal, trying } from "./pages.js";
import { newestOnly } from "./server.js";

const NEAREST = 8;

/** An image file of the reader: its reconstruction, scores and nearest examples. */
export function controlOwnFile(context) {
  const { server, state, pictures, points, colours } = context;
  if (!server.has("encode_bytes")) return;
  reveal("file-card");
  const trained = points.partNames.indexOf("training");
  byId("near-title").textContent = trained < 0 ? "Nearest examples" : "Nearest training examples on the map";

  const measure = newestOnly((file) => trying("file-card", async () => {
    const x = await server.read(file);
    const found = await server.measure(x, state.condition);
    const figures = [
      ["Your image", pictures.picture(x, "Your image")],
      ["Reconstruction", pictures.picture(found.reconstruction, "Its reconstruction")],
      ["Error", pictures.difference(x, found.reconstruction, "Where the reconstruction differs")],
    ];
    byId("file-pictures").replaceChildren(...figures.map(([title, picture]) => element("figure", {}, picture, element("figcaption", { textContent: title }))));
    byId("file-text").textContent = words(found, colours);
    const near = points.nearestCodes(found.code, NEAREST, trained < 0 ? null : trained);
    byId("near").replaceChildren(...near.map(({ i, distance }) => exampleButton(i, context, decimals(distance, 1))));
    reveal("file-result");
    state.show({ code: found.code, indices: found.indices, caption: `Your image ${file.name || ""}`.trim() });
    byId("file-card").scrollIntoView({ block: "nearest" });
  }, () => { byId("file-result").hidden = true; }));

  byId("file").addEventListener("change", (event) => {
    if (event.target.files[0]) measure(event.target.files[0]);
  });
  const here = byId("drop-here");
  const isFile = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
  window.addEventListener("dragover", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    here.hidden = false;
  });
  window.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) here.hidden = true;
  });
  window.addEventListener("drop", (event) => {
    here.hidden = true;
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    byId("file").files = event.dataTransfer.files; // shows its name
    measure(file);
  });
}

function words(found, colours) {
  const sentences = [];
  if (found.elbo !== null) {
    const k = colours.all.findIndex((each) => each.name.startsWith("ELBO"));
    const share = k < 0 ? null : colours.values[k].filter((value) => value < found.elbo).length / colours.values[k].length;
    sentences.push(`ELBO ${decimals(found.elbo, 1)} nats${share === null ? "" : `, above that of ${decimals(100 * share, 0)}% of the examples`}.`);
  }
  if (found.anomaly !== null) {
    sentences.push(`Anomaly score ${decimals(found.anomaly)}: ${decimals(100 * found.share, 1)}% of usual examples have at least this, so it is ${found.isAnomaly ? "" : "not "}flagged.`);
  }
  return sentences.join(" ");
}
