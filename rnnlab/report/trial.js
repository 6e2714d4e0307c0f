// One trial: its parameters and numbers, its curves, and the command that extracts its arrays.

const MOST_FAINT = 20; // curves of other trials of the same cell
const opened = { trial: null, beside: [], from: null };

/** Show a trial; `beside`: the trials of its cell; `focus`: whether the heading takes the focus. */
async function openTrial(trial, { beside = [trial], focus = false } = {}) {
  Object.assign(opened, { trial, beside });
  if (focus) opened.from = document.activeElement;
  const key = lab.keys[trial];
  document.getElementById("trial-heading").textContent = `Trial ${key}`;
  markRow();
  const body = document.getElementById("trial-body");
  const plots = make("div", { id: "curves" });
  body.replaceChildren(...chooser(trial, beside), pairs(whereabouts(trial)), command(key), plots, make("h4", {}, "Numbers"), pairs(trialPairs(trial)), everything(trial));
  if (focus) document.getElementById("trial-heading").focus();
  announce(`Trial ${key}: ${whereabouts(trial).map(([name, value]) => `${name} ${value}`).join(", ")}.`);
  await drawCurves(trial, beside, plots);
}

function whereabouts(trial) {
  return axesOfPage().map((column) => [column.label, cellText(column, trial)]);
}

function chooser(trial, beside) {
  if (beside.length < 2) return [];
  const options = beside.map((each) => make("option", { value: each, selected: each === trial }, `${lab.keys[each]}, seed ${seedOf(each)}`));
  const select = make("select", { onchange: () => openTrial(Number(select.value), { beside }) }, ...options);
  return [make("p", {}, make("label", {}, `One of ${beside.length} trials here: `, select))];
}

function seedOf(trial) {
  const seeds = lab.columns.get("seed");
  return seeds ? cellText(seeds, trial) : lab.index.fixed.seed ?? "";
}

function command(key) {
  const text = lab.index.extract.replaceAll("KEY", key);
  const said = make("span", { role: "status" });
  const button = make("button", { type: "button", onclick: async () => (said.textContent = (await copied(text)) ? "Copied." : "Select it and copy it by hand.") }, "Copy");
  return make("div", { className: "copy" }, make("code", { id: "extract" }, text), button, said);
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const selection = window.getSelection();
    selection.selectAllChildren(document.getElementById("extract"));
    return document.execCommand("copy");
  }
}

/** Every number of the trial, and the parameters that all trials share. */
function everything(trial) {
  const numbers = [...lab.columns.values()].filter((column) => column.role === "statistic");
  const rows = [
    ...Object.entries(lab.index.fixed).map(([name, value]) => [name.replaceAll("_", " "), value, "the same for all trials"]),
    ...numbers.map((column) => [titled(column), cellText(column, trial), column.doc]),
  ];
  const lines = rows.map(([name, value, about]) => make("tr", {}, make("th", { scope: "row" }, name), make("td", { className: "text" }, value), make("td", { className: "text" }, about)));
  const head = make("tr", {}, ...["column", "value", "meaning"].map((name) => make("th", { scope: "col" }, name)));
  const all = make("table", {}, make("caption", {}, `Every number of trial ${lab.keys[trial]}`), make("thead", {}, head), make("tbody", {}, ...lines));
  return make("details", {}, make("summary", {}, "Every number"), make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Every number" }, all));
}

async function drawCurves(trial, beside, place) {
  const kinds = await loadCurves();
  if (trial !== opened.trial) return;
  const drawn = kinds.map((kind) => [kind, kind.of(trial)]).filter(([, curve]) => curve);
  if (!drawn.length) place.append(make("p", { className: "note" }, lab.index.curves.length ? "This trial has no curves in this page: it diverged at once, or was left out for its size." : "No curves were recorded."));
  for (const [kind, curve] of drawn) {
    const plot = make("div", { className: "curve", role: "img", "aria-label": about(kind, curve) });
    place.append(make("h4", {}, kind.title), plot, ...remarks(curve), numbersOf(kind, curve));
    const traces = kind.at.length === 2 ? [mapOf(curve)] : [...faint(kind, trial, beside), lineOf(curve)];
    await Plotly.newPlot(plot, traces, curveLayout(kind), { displayModeBar: false, responsive: true });
    if (trial !== opened.trial) return;
  }
  document.body.dataset.curves = lab.keys[trial];
}

function about(kind, { values }) {
  const finite = values.filter(Number.isFinite);
  const ends = finite.length ? `, from ${written(Math.min(...finite))} to ${written(Math.max(...finite))}` : "";
  return `${kind.title}: ${kind.label} against ${kind.atLabels.join(" and ")}, ${count(values.length, "point")}${ends}`;
}

function remarks({ values }) {
  const zero = values.filter((value) => value === -Infinity).length, huge = values.filter((value) => value === Infinity).length;
  const said = [zero && `${count(zero, "point")} at -inf`, huge && `${count(huge, "point")} at inf`].filter(Boolean).join(", ");
  return said ? [make("p", { className: "note" }, `${said}: not in the picture.`)] : [];
}

function lineOf({ places, values }) {
  return { type: "scatter", mode: values.length <= 100 ? "lines+markers" : "lines", x: places, y: values.map((v) => (Number.isFinite(v) ? v : null)),
    line: { color: palette().accent, width: 2 }, marker: { size: values.length === 1 ? 9 : 4 }, showlegend: false, hovertemplate: "%{x}: %{y:.7~g}<extra></extra>" };
}

function faint(kind, trial, beside) {
  return beside.filter((each) => each !== trial).slice(0, MOST_FAINT).map((each) => kind.of(each)).filter(Boolean).map((curve) => (
    { ...lineOf(curve), mode: "lines", line: { color: palette().faint, width: 1 }, hoverinfo: "skip", hovertemplate: null }));
}

function mapOf({ places, values }) {
  return { type: "heatmap", x: places.map(([k]) => k), y: places.map(([, t]) => t), z: values.map((v) => (Number.isFinite(v) ? v : null)), colorscale: "Viridis",
    hovertemplate: "k %{x}, t %{y}: %{z:.7~g}<extra></extra>" };
}

function curveLayout(kind) {
  const { text, line } = palette();
  const axis = { gridcolor: line, linecolor: line, zerolinecolor: line, automargin: true };
  return { height: 220, margin: { l: 50, r: 10, t: 8, b: 40 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: text, family: "system-ui, sans-serif", size: 11 }, dragmode: false, xaxis: { ...axis, title: { text: kind.atLabels[0] } },
    yaxis: { ...axis, title: { text: kind.at.length === 2 ? kind.atLabels[1] : kind.label.replace(" (", "<br>(") } } };
}

/** The numbers of a curve as a table, made when it is asked for. */
function numbersOf(kind, { places, values }) {
  const details = make("details", {}, make("summary", {}, `Numbers of this curve`));
  details.addEventListener("toggle", () => {
    const head = make("tr", {}, ...[...kind.at, kind.column].map((name) => make("th", { scope: "col" }, name)));
    const rows = values.map((value, i) => make("tr", {}, ...[places[i]].flat().map((each) => make("td", {}, String(each))), make("td", {}, written(value))));
    const made = make("table", {}, make("caption", {}, kind.title), make("thead", {}, head), make("tbody", {}, ...rows));
    details.append(make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": `Numbers: ${kind.title}` }, made));
  }, { once: true });
  return details;
}
