import { numbers } from "./arrays.js";
import { controlCodeMap } from "./code_map.js";
import { Colours, dark } from "./colours.js";
import { controlCondition } from "./condition.js";
import { Decoder } from "./decoder.js";
import { controlDimensions } from "./dimensions.js";
import { controlDirections } from "./directions.js";
import { controlDraws } from "./draws.js";
import { followGestures } from "./gestures.js";
import { controlKept } from "./kept.js";
import { Library } from "./offline.js";
import { OnnxDecoder } from "./onnx.js";
import { controlOwnFile } from "./own_file.js";
import { byId, element, tell, trying } from "./pages.js";
import { Pictures } from "./pictures.js";
import { Points } from "./points.js";
import { Scatter } from "./scatter.js";
import { showSelection } from "./selection.js";
import { Server } from "./server.js";
import { State } from "./state.js";
import { showDecoded } from "./viewer.js";

const NOT_READY = 503;
const PAUSE_BEFORE_RETRY = 1000;

async function load() {
  const inside = byId("data");
  if (inside) return JSON.parse(inside.textContent);
  for (;;) {
    const answer = await fetch("data.json").catch(() => null);
    if (answer?.ok) return answer.json();
    if (answer?.status !== NOT_READY) throw new Error("The server does not answer. Start keras-vae explore again, and reload the page.");
    const { step } = await answer.json().catch(() => ({})); // a proxy may answer too
    byId("notes").textContent = `The page is being prepared${step ? `: ${step}` : ""} … It opens by itself.`;
    await new Promise((done) => { setTimeout(done, PAUSE_BEFORE_RETRY); });
  }
}

async function start() {
  const data = await load();
  document.title = `${data.title} – latent explorer`;
  byId("title").textContent = data.title;
  byId("notes").textContent = data.notes.join(" ");
  document.querySelector("main").hidden = false;

  const state = new State(data);
  const points = new Points(data);
  const server = data.decoder ? new OnnxDecoder(data) : data.library ? new Library(data, points) : new Server(data);
  const colours = new Colours(data);
  const pictures = new Pictures(data);
  await pictures.load();
  byId("notes").textContent += ` ${await server.load(pictures)}`;
  const decoder = new Decoder(data, server, state);
  const scatter = new Scatter(byId("points"), byId("overlay"), points, colours);
  const choose = (i) => {
    scatter.markPlace(points.places[2 * i], points.places[2 * i + 1]);
    byId("pick-index").value = String(i);
    state.show(points.shown(i, [points.name(i), ...colours.words(i).slice(0, 6)].join("; ")));
  };
  const context = { data, state, server, points, colours, pictures, decoder, choose };

  showDecoded(context);
  controlCondition(context);
  if (!data.library) controlCodeMap(context);
  controlDimensions(context);
  controlDirections(context);
  if (!data.model.discrete) controlKept(context);
  showSelection(context);
  controlOwnFile(context);
  controlMap(context, scatter);
  choose(0);
  controlDraws(context);
}

function controlMap({ data, state, server, points, colours, pictures, choose }, scatter) {
  const colouring = byId("colouring");
  colours.all.forEach((each, k) => colouring.append(element("option", { value: k, textContent: each.name })));
  colouring.parentElement.hidden = colours.all.length === 0;
  const legend = () => colours.showLegend(points.count, (chosen) => state.select(chosen));
  colouring.addEventListener("change", () => {
    colours.chosen = Number(colouring.value);
    legend();
    scatter.draw();
  });
  dark.addEventListener("change", () => {
    legend();
    scatter.draw();
  });

  const kind = byId("map-kind");
  const maps = Object.fromEntries(Object.entries(data.maps).map(([name, { places, note }]) => [name, { places: numbers(places), note }]));
  for (const [name, title] of Object.entries(data.mapNames)) kind.append(element("option", { value: name, textContent: title, selected: name in maps }));
  byId("map-kind-label").hidden = Object.keys(data.mapNames).length < 2;
  let shown = kind.value;
  const show = (name) => {
    shown = name;
    scatter.setPlaces(maps[name].places);
    scatter.cross = state.point === null ? null : [points.places[2 * state.point], points.places[2 * state.point + 1]];
    byId("map-note").textContent = points.indices ? maps[name].note : `${maps[name].note} Between examples, the latent is the mean of the six nearest, weighted by their distance.`;
  };
  const showMap = (name) => trying("map-card", async () => {
    if (!maps[name]) {
      byId("map-note").textContent = "Making the map; this takes up to some minutes …";
      maps[name] = await server.map(name);
    }
    if (kind.value === name) show(name);
  }, () => {
    if (kind.value !== name) return;
    kind.value = shown;
    show(shown);
  });
  kind.addEventListener("change", () => showMap(kind.value));
  show(kind.value);
  legend();

  followGestures(byId("overlay"), scatter, points, {
    choose,
    visit: (x, y) => {
      const { code, nearest } = points.between(x, y);
      if (points.indices) state.show({ ...points.shown(nearest, `Nearest: ${points.name(nearest)}`), from: "map" });
      else state.show({ code, condition: points.condition(nearest), caption: `Between examples; nearest: ${points.name(nearest)}`, from: "map" });
    },
    select: (chosen) => state.select(chosen),
    toggle: (i) => state.select(state.selection.includes(i) ? state.selection.filter((each) => each !== i) : [...state.selection, i]),
    describe: (i) => [pictures.thumbnail(i), points.name(i), ...colours.words(i).slice(0, 5)].filter(Boolean),
  });
  state.on("selection", () => {
    scatter.selection = new Set(state.selection);
    if (!state.selection.length) for (const button of byId("legend").querySelectorAll("button")) button.setAttribute("aria-pressed", "false");
    scatter.draw();
  });
  state.on("code", () => {
    if (state.point !== null || state.from === "map") return;
    scatter.cross = null; // the latent has no place on the map
    scatter.drawOverlay();
  });
  byId("zoom-in").addEventListener("click", () => scatter.zoomBy(1.5));
  byId("zoom-out").addEventListener("click", () => scatter.zoomBy(1 / 1.5));
  byId("zoom-all").addEventListener("click", () => scatter.all());
  if (points.indices) byId("map-gesture").textContent = "drag to decode the examples on the way";
  byId("pick-index").max = String(points.count - 1);
  byId("pick-last").textContent = `0 to ${(points.count - 1).toLocaleString("en")}`;
  byId("pick").addEventListener("submit", (event) => {
    event.preventDefault();
    choose(Math.min(points.count - 1, Math.max(0, Math.floor(Number(byId("pick-index").value)) || 0)));
  });
}

start().catch((error) => {
  byId("notes").textContent = "";
  tell(error);
});
