// Start: unpack, draw, listen.

function announce(text) {
  document.getElementById("status").textContent = text;
}

/** Draw diagram and table anew after a filter or another choice. */
function refresh() {
  applyFilters();
  const drawn = drawDiagram(); // before the table: Plotly asks for sizes, and a new table would have to be laid out for them
  table.page = 0;
  drawTable();
  announce(`${WHOLE.format(lab.shown)} of ${count(lab.n, "trial")} shown.`);
  return drawn;
}

function setTheme() {
  const chosen = document.documentElement.dataset.theme;
  const isDark = !matchMedia("print").matches && (chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.toggleAttribute("data-dark", isDark);
  document.getElementById("theme").setAttribute("aria-pressed", String(isDark));
  shadeFigures(isDark);
}

let darkFigures = null; // a promise of their sources, made when the page is first dark

/** Show the figures as they are drawn for this kind of page. */
async function shadeFigures(isDark) {
  if (!isDark && !darkFigures) return;
  await parsed();
  const images = [...document.querySelectorAll("figure img")];
  if (!images.length) return;
  for (const image of images) image.dataset.light ??= image.src;
  darkFigures ??= inflate("dark-figures").then((bytes) => JSON.parse(new TextDecoder().decode(bytes)));
  const sources = await darkFigures;
  const isStill = document.documentElement.hasAttribute("data-dark");
  images.forEach((image, i) => (image.src = isStill ? sources[i] : image.dataset.light));
}

/** Draw the diagram as wide as there is room now. */
function redraw() {
  measureWidth();
  return drawDiagram();
}

function restyle() {
  setTheme();
  if (!lab.index || !window.Plotly) return;
  redraw();
  if (opened.trial !== null) openTrial(opened.trial, { beside: opened.beside });
}

function listen() {
  const side = document.getElementById("diagram");
  side.addEventListener("keydown", (event) => {
    const known = moveCursor(event.key) || (event.key === "Enter" && diagram.cursor && openPlace(diagram.cursor, true));
    if (known) event.preventDefault();
  });
  document.querySelector("#table tbody").addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (row) openTrial(Number(row.dataset.trial), { focus: Boolean(event.target.closest("button")) });
  });
  document.getElementById("table").addEventListener("keydown", tableKey);
  document.getElementById("trial").addEventListener("keydown", (event) => {
    if (event.key === "Escape" && opened.from?.isConnected) opened.from.focus();
  });
  let waiting = 0;
  addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(redraw, 150); });
}

function hovered(point) {
  const place = placeOf(point);
  if (place.trial === undefined) readOut(place);
  else document.getElementById("readout").replaceChildren(pairs([...whereabouts(place.trial), ...trialPairs(place.trial)]));
}

function clicked(point) {
  const place = placeOf(point);
  if (place.trial === undefined) openPlace(place, false);
  else openTrial(place.trial, { beside: cellAt(place) });
}

function openPlace(place, focus) {
  const trials = cellAt(place);
  if (trials.length) openTrial(trials[0], { beside: trials, focus });
  return true;
}

async function start() {
  setTheme();
  for (const media of ["print", "(prefers-color-scheme: dark)"]) matchMedia(media).addEventListener("change", restyle);
  document.getElementById("theme").onclick = () => {
    document.documentElement.dataset.theme = document.documentElement.hasAttribute("data-dark") ? "light" : "dark";
    restyle();
  };
  if (!("DecompressionStream" in window)) throw new Error("this browser is older than 2023: it cannot unpack the trials");
  const library = loadPlotly();
  const buffer = await inflate("trial-data");
  lab.index = JSON.parse(document.getElementById("index").textContent);
  lab.n = lab.index.count;
  lazily(lab, "keys", () => keysOf(lab.index.keys, buffer));
  for (const about of lab.index.columns) lab.columns.set(about.name, column(about, buffer));
  lab.view = lab.index.view;
  lab.mask = new Uint8Array(lab.n);
  applyFilters();
  document.getElementById("loading").remove();
  document.getElementById("workbench").hidden = false;
  measureWidth();
  await library;
  drawControls();
  drawFilters();
  await drawDiagram();
  performance.mark("first-picture");
  chooseColumns([...lab.columns.values()].filter((each) => each.main).map((each) => each.name));
  drawColumnChoice();
  drawTable();
  announce(`${count(lab.n, "trial")} shown.`);
  listen();
  document.body.dataset.ready = "true";
}

start().catch((error) => {
  const place = document.getElementById("loading") ?? document.getElementById("status");
  place.textContent = `The diagram cannot be shown: ${error.message}. The answer above and the figures below do not need it.`;
  throw error;
});
