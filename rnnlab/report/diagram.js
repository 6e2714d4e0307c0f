// The diagram: a colour for each cell of two axes, or a statistic against one axis; panels or lines by a third.

const DIVERGING = [[0, "#2166ac"], [0.25, "#92c5de"], [0.5, "#f7f7f7"], [0.75, "#f4a582"], [1, "#b2182b"]];
const MOST_PANELS = 8;
const MOST_DOTS = 2000; // beyond that bands stand for single trials
const MOST_LABELS = 5000; // cells that get Plotly's own hover label
const diagram = { cells: [], cursor: null, places: null, listens: false, width: 700 };

/** Ask how wide the diagram may be: when the page opens and when it changes, as asking lays the page out. */
function measureWidth() {
  diagram.width = document.getElementById("workbench").querySelector(".diagram-side").clientWidth || 700;
}

/** Draw the trials that pass the filters. Resolves when they are on the screen. */
function drawDiagram() {
  const { x, y, split } = lab.view;
  const shown = columnOf(lab.view.show);
  const side = document.getElementById("diagram");
  const across = columnOf(x), up = columnOf(y), by = columnOf(split);
  const panels = by ? present(by).slice(0, MOST_PANELS) : [0];
  diagram.places = { across: present(across), up: up ? present(up) : [0], panels, columns: { across, up, by }, shown };
  diagram.cells = gather(diagram.places);
  if (!shown) return note("There is no number to show: nothing has been measured yet.");
  if (!lab.shown) return note("No trial passes the filters.");
  const drawn = up ? phases(diagram.places) : lines(diagram.places);
  note(notes(by, shown, Boolean(up)));
  side.hidden = false;
  return put(side, drawn);
}

async function put(side, drawn) {
  await Plotly.react(side, drawn.traces, { ...drawn.layout, shapes: cursorShapes() }, { displaylogo: false,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] });
  if (diagram.listens) return;
  diagram.listens = true;
  side.on("plotly_hover", ({ points }) => hovered(points[0]));
  side.on("plotly_click", ({ points }) => clicked(points[0]));
}

function note(text) {
  document.getElementById("diagram-note").textContent = text;
  document.getElementById("diagram").hidden = !lab.shown || !columnOf(lab.view.show);
}

function notes(by, shown, isMap) {
  const parts = [];
  if (isMap) {
    parts.push("Each cell is the mean over its trials, one step of an axis wide; colours end at 1 % and 99 % of the trials.");
    if (shown.signed) parts.push("The line is where the mean is zero.");
    parts.push("× : trials of the cell diverged. Empty: no finite number.");
  } else {
    parts.push("Lines are means, bands reach from the smallest to the largest trial.");
    if (lab.shown > MOST_DOTS) parts.push(`Single trials are drawn as dots below ${MOST_DOTS.toLocaleString("en")} of them: filter to see them.`);
  }
  if (by && present(by).length > MOST_PANELS) parts.push(`The first ${MOST_PANELS} of ${present(by).length} values of ${by.label} are drawn: filter to see others.`);
  return parts.join(" ");
}

/** The codes of a column that trials have which pass the filters, ascending. */
function present(column) {
  const seen = new Uint8Array(column.values.length + 1);
  for (let i = 0; i < lab.n; i++) if (lab.mask[i]) seen[column.codes[i]] = 1;
  return Array.from(seen.keys()).filter((code) => code && seen[code]);
}

/** The trials of every cell: cells[(panel * ups + up) * acrosses + across]. */
function gather({ across, up, panels, columns }) {
  const cells = Array.from({ length: across.length * up.length * panels.length }, () => []);
  const at = (codes, column) => {
    const places = new Int32Array((column ? column.values.length : 0) + 1).fill(-1);
    codes.forEach((code, i) => (places[code] = i));
    return places;
  };
  const xs = at(across, columns.across), ys = at(up, columns.up), ps = at(panels, columns.by);
  for (let i = 0; i < lab.n; i++) {
    if (!lab.mask[i]) continue;
    const p = ps[columns.by ? columns.by.codes[i] : 0];
    const v = ys[columns.up ? columns.up.codes[i] : 0];
    const u = xs[columns.across.codes[i]];
    if (p >= 0 && v >= 0 && u >= 0) cells[(p * up.length + v) * across.length + u].push(i);
  }
  return cells;
}

function cellAt({ panel, up, across }) {
  const { places } = diagram;
  return diagram.cells[(panel * places.up.length + up) * places.across.length + across] ?? [];
}

function labelsOf(column, codes) {
  return codes.map((code) => column.labels[code - 1]);
}

/** The ends of the colours: of all trials, so that a filter moves no colour. */
function ends(shown) {
  shown.ends ??= (() => {
    const values = shown.numbers.filter(Number.isFinite).map((value) => (shown.signed ? Math.abs(value) : value)).sort();
    const at = (share) => values[Math.round(share * (values.length - 1))] ?? 1;
    if (shown.signed) return [-at(0.99) || -1, at(0.99) || 1];
    return at(0.01) < at(0.99) ? [at(0.01), at(0.99)] : [at(0) - 0.5, at(1) + 0.5];
  })();
  return shown.ends;
}

/** Heat maps, one a panel. Cells stand at 0, 1, 2, … so that all are of one size. */
function phases(places) {
  const { across, up, panels, columns, shown } = places;
  const layout = frame(panels.length, columns.by ? labelsOf(columns.by, panels).map((l) => `${columns.by.label} ${l}`) : [""], marginsOf(columns, across, up));
  const [cmin, cmax] = ends(shown);
  const few = across.length * up.length * panels.length <= 60;
  const traces = [];
  const x = across.map((_, i) => i), y = up.map((_, i) => i);
  const tallies = diagram.cells.map((trials) => tally(trials, shown));
  panels.forEach((_, panel) => {
    const axes = { xaxis: `x${panel + 1}`, yaxis: `y${panel + 1}` };
    const of = (v, u) => tallies[(panel * up.length + v) * across.length + u];
    const z = y.map((v) => x.map((u) => (of(v, u).finite ? of(v, u).mean : null)));
    const labelled = diagram.cells.length <= MOST_LABELS;
    traces.push({ type: "heatmap", x, y, z, ...axes, coloraxis: "coloraxis", hoverongaps: true, xgap: few ? 2 : 0, ygap: few ? 2 : 0,
      ...(labelled ? { text: y.map((v) => x.map((u) => brief(of(v, u), shown, { panel, up: v, across: u }))), hoverinfo: "text" } : { hoverinfo: "none" }),
      ...(few && columnsWide(panels.length) <= 2 ? { texttemplate: "%{z:.3~g}" } : {}) });
    const flat = z.flat().filter((value) => value !== null);
    if (shown.signed && x.length > 1 && y.length > 1 && Math.min(...flat) < 0 && Math.max(...flat) > 0) {
      traces.push({ type: "contour", x, y, z, ...axes, autocontour: false, showscale: false, showlegend: false, hoverinfo: "skip", line: { color: "#000", width: 2 },
        contours: { start: 0, end: 0, size: 1, coloring: "none" } });
    }
    const lost = y.flatMap((v) => x.filter((u) => of(v, u).diverged).map((u) => [u, v]));
    if (lost.length) {
      traces.push({ type: "scatter", mode: "markers", x: lost.map(([u]) => u), y: lost.map(([, v]) => v), ...axes, hoverinfo: "skip", showlegend: false,
        marker: { symbol: "x-thin", size: 7, color: palette().text, line: { color: palette().text, width: 1.5 } } });
    }
    ticks(layout, `xaxis${panel + 1}`, columns.across, across);
    ticks(layout, `yaxis${panel + 1}`, columns.up, up);
    if (panel % columnsWide(panels.length)) layout[`yaxis${panel + 1}`].showticklabels = false;
  });
  outerTitles(layout, panels.length, titled(columns.across), titled(columns.up));
  layout.coloraxis = { colorscale: shown.signed ? DIVERGING : "Viridis", cmin, cmax,
    colorbar: { title: { text: titled(shown), side: "right" }, thickness: 14, outlinewidth: 0, x: 1, xpad: 8, ypad: 0, ticklabeloverflow: "allow" } };
  return { traces, layout };
}

/** Lines against the axis, one for each value of the third column. */
function lines(places) {
  const { across, panels, columns, shown } = places;
  const numeric = columns.across.values.every((value) => typeof value === "number");
  const x = numeric ? across.map((code) => columns.across.values[code - 1]) : across.map((_, i) => i);
  const layout = frame(1, [""], { l: 60, r: 10, t: 28, b: 50 });
  const traces = [];
  panels.forEach((code, panel) => {
    const name = columns.by ? columns.by.labels[code - 1] : shown.label;
    const color = columns.by?.colours?.[code - 1] ?? palette().accent;
    const tallies = x.map((_, u) => tally(cellAt({ panel, up: 0, across: u }), shown));
    const there = x.map((_, u) => u).filter((u) => tallies[u].finite);
    traces.push({ type: "scatter", mode: "lines", x: [...there.map((u) => x[u]), ...there.toReversed().map((u) => x[u])],
      y: [...there.map((u) => tallies[u].high), ...there.toReversed().map((u) => tallies[u].low)], fill: "toself", fillcolor: color, opacity: 0.18,
      line: { width: 0 }, hoverinfo: "skip", showlegend: false });
    if (lab.shown <= MOST_DOTS) traces.push(dots(panel, x, shown, color));
    const run = x.map((_, u) => u).filter((u) => tallies[u].trials); // a union has not every value: no gap where there is no trial
    traces.push({ type: "scatter", mode: "lines+markers", name, x: run.map((u) => x[u]), y: run.map((u) => (tallies[u].finite ? tallies[u].mean : null)), line: { color, width: 2 },
      marker: { color, size: 7, symbol: panel }, showlegend: panels.length > 1, customdata: run.map((u) => ({ panel, up: 0, across: u })),
      text: run.map((u) => brief(tallies[u], shown, { panel, up: 0, across: u })), hoverinfo: "text" });
  });
  const values = columns.across.values;
  if (numeric) numericTicks(layout, columns.across, x);
  else ticks(layout, "xaxis1", columns.across, across);
  Object.assign(layout.xaxis1, { title: { text: titled(columns.across) }, showgrid: true });
  Object.assign(layout.yaxis1, { title: { text: titled(shown) }, showgrid: true, zeroline: true, automargin: true });
  layout.legend = { title: { text: columns.by?.label ?? "" }, orientation: "h", y: -0.2 };
  return { traces, layout };
}

function dots(panel, x, shown, color) {
  const found = x.flatMap((value, u) => cellAt({ panel, up: 0, across: u }).filter((i) => Number.isFinite(shown.numbers[i])).map((i) => [value, i, u]));
  return { type: "scatter", mode: "markers", x: found.map(([value]) => value), y: found.map(([, i]) => shown.numbers[i]), hoverinfo: "text",
    marker: { color, size: 4, opacity: 0.45 }, showlegend: false, customdata: found.map(([, trial, u]) => ({ trial, panel, up: 0, across: u })),
    text: found.map(([, i]) => `${shown.label} ${cellText(shown, i)}`) };
}

function isLogarithmic(values) {
  return values[0] > 0 && values.at(-1) >= 8 * values[0];
}

function columnsWide(panels) {
  return Math.max(1, Math.min(panels, Math.floor(diagram.width / 300)));
}

/** A layout of so many panels beside and below one another, without what they show. */
function frame(panels, titles, margin) {
  const { text, line, quiet } = palette();
  const wide = columnsWide(panels), high = Math.ceil(panels / wide);
  const layout = { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: text, family: "system-ui, sans-serif", size: 12 },
    margin, width: diagram.width, height: Math.max(380, 60 + 300 * high), annotations: [], hovermode: "closest", dragmode: false,
    hoverlabel: { align: "left" }, modebar: { bgcolor: "rgba(0,0,0,0)", color: quiet, activecolor: text } };
  const gapX = wide > 1 ? 0.06 : 0, gapY = high > 1 ? 0.12 : 0;
  const w = (1 - gapX * (wide - 1)) / wide, h = (1 - gapY * (high - 1)) / high;
  for (let panel = 0; panel < panels; panel++) {
    const left = (panel % wide) * (w + gapX), top = 1 - Math.floor(panel / wide) * (h + gapY);
    const shared = { gridcolor: line, linecolor: line, zerolinecolor: line, zeroline: false, showgrid: false, tickangle: 0, ticklabeloverflow: "allow" };
    layout[`xaxis${panel + 1}`] = { ...shared, domain: [left, left + w], anchor: `y${panel + 1}` };
    layout[`yaxis${panel + 1}`] = { ...shared, domain: [top - h, top], anchor: `x${panel + 1}` };
    if (titles[panel]) {
      layout.annotations.push({ text: titles[panel].replaceAll("<", "‹"), x: left, y: top, xref: "paper", yref: "paper", xanchor: "left", yanchor: "bottom", showarrow: false });
    }
  }
  return layout;
}

function outerTitles(layout, panels, x, y) {
  const wide = columnsWide(panels);
  for (let panel = 0; panel < panels; panel++) {
    if (panel + wide >= panels) layout[`xaxis${panel + 1}`].title = { text: x };
    if (panel % wide === 0) layout[`yaxis${panel + 1}`].title = { text: y };
  }
}

const LETTER = 6.8; // pixels, as wide as a letter of a tick is, about
const widest = (texts) => LETTER * Math.max(0, ...texts.map((text) => text.length));

/** Margins of phase diagrams, so that Plotly needs not draw them twice to find out: for labels on the left, and the bar of colours. */
function marginsOf({ across: column, up: other }, across, up) {
  const left = widest(up.map((code) => tickText(other, code)));
  const below = isTilted(column, across) ? 0.6 * widest(labelsOf(column, across)) : 0;
  return { l: Math.min(180, 34 + left), r: 84, t: 36, b: Math.min(140, 50 + below), autoexpand: false };
}

/** Pixels along an axis of the layout. */
function extent(layout, name) {
  const { margin: { l, r, t, b }, width, height } = layout;
  const [from, to] = layout[name].domain;
  return (to - from) * (name.startsWith("x") ? width - l - r : height - t - b);
}

/** Whether names of an axis are written aslant: each of them is told, unlike numbers, of which some are enough. */
function isTilted(column, codes) {
  const numeric = column.values.every((value) => typeof value === "number");
  return !numeric && widest(labelsOf(column, codes)) > (diagram.width - 150) / columnsWide(diagram.places.panels.length) / codes.length;
}

/** Name the cells along an axis, as many as have room; of the ways to thin them the one of the shortest numbers. */
function ticks(layout, name, column, codes) {
  const texts = codes.map((code) => tickText(column, code));
  const isTilt = name.startsWith("x") && isTilted(column, codes);
  const size = name.startsWith("y") || isTilt ? 15 : widest(texts) + 8;
  const step = Math.max(1, Math.ceil((size * codes.length) / extent(layout, name)));
  const from = (first) => codes.map((_, i) => i).filter((i) => i % step === first % step);
  const length = (some) => some.reduce((sum, i) => sum + texts[i].length, 0) / some.length;
  const some = Array.from({ length: step }, (_, first) => from(first)).filter((each) => each.length).reduce((best, each) => (length(each) < length(best) ? each : best), from(0));
  Object.assign(layout[name], { tickvals: some, ticktext: some.map((i) => texts[i]), range: [-0.5, codes.length - 0.5] }, isTilt ? { tickangle: 35 } : {});
}

/** Numbers along an axis to scale: its values, or 1, 2, 5, 10, … where there are many; never Plotly's single digits between decades. */
function numericTicks(layout, column, x) {
  const isLog = isLogarithmic(column.values);
  if (isLog) layout.xaxis1.type = "log";
  else if (x.length > 8) return;
  const at = (value) => (isLog ? Math.log10(value) : value);
  const round = isLog && x.length > 8 ? roundBetween(x[0], x.at(-1)) : [];
  const [low, high] = [at(x[0]), at(x.at(-1))];
  const scale = extent(layout, "xaxis1") / 1.1 / (high - low || 1);
  const some = [];
  let end = -Infinity;
  for (const value of round.length > 2 ? round : x) {
    const text = short(value, 4), middle = at(value) * scale, half = (LETTER * text.length) / 2 + 4;
    if (middle - half < end) continue;
    some.push([value, text]);
    end = middle + half;
  }
  Object.assign(layout.xaxis1, { tickvals: some.map(([value]) => value), ticktext: some.map(([, text]) => text) });
}

/** 1, 2, 5 times powers of ten between two positive numbers. */
function roundBetween(low, high) {
  const powers = Array.from({ length: Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 }, (_, i) => i + Math.floor(Math.log10(low)));
  return powers.flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`))).filter((value) => low <= value && value <= high);
}

/** A value beside a tick: three digits if it is a number, more where it takes them to tell values apart. */
function tickText(column, code) {
  column.ticks ??= [3, 4, 5].map((digits) => column.values.map((value, i) => (typeof value === "number" ? short(value, digits) : column.labels[i].replaceAll("<", "‹"))))
    .find((texts) => new Set(texts).size === texts.length) ?? column.labels;
  return column.ticks[code - 1];
}

function short(value, digits) {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(digits)));
}

/** Where a cell stands: [label, value] of each axis that the diagram has. */
function position({ panel, up, across }) {
  const { places } = diagram;
  const named = [[places.columns.across, places.across[across]], [places.columns.up, places.up[up]], [places.columns.by, places.panels[panel]]];
  return named.filter(([column]) => column).map(([column, code]) => [column, code]);
}

function brief(tallied, shown, place) {
  const where = position(place).map(([column, code]) => `${column.label} ${column.labels[code - 1]}`).join("<br>");
  return `${where}<br>${shown.label} ${tallied.finite ? written(tallied.mean) : "none"}, ${count(tallied.trials, "trial")}`;
}

/** What the readout says of a cell, as pairs; of a single trial its main numbers. */
function cellPairs(place) {
  const trials = cellAt(place);
  const { shown } = diagram.places;
  const where = position(place).map(([column, code]) => [column.label, column.labels[code - 1]]);
  if (trials.length === 1) return [...where, ...trialPairs(trials[0])];
  const found = tally(trials, shown);
  const many = [["trials", trials.length.toLocaleString("en")], [`mean ${titled(shown)}`, found.finite ? written(found.mean) : "none"]];
  if (found.finite > 1) many.push(["from … to", `${written(found.low)} … ${written(found.high)}`]);
  if (found.finite < trials.length) many.push(["with a finite number", `${found.finite} of ${trials.length}`]);
  if (found.diverged) many.push(["diverged", String(found.diverged)]);
  if (found.infinite) many.push(["infinite", String(found.infinite)]);
  if (found.missing) many.push(["without a result", String(found.missing)]);
  return [...where, ...many];
}

function trialPairs(trial) {
  const main = [...lab.columns.values()].filter((column) => column.main && column.role === "statistic");
  return main.map((column) => [titled(column), cellText(column, trial)]);
}

function readOut(place) {
  const entries = cellAt(place).length ? cellPairs(place) : [["trials", "none here"]];
  document.getElementById("readout").replaceChildren(pairs(entries));
  return entries;
}

/** The frame around the cell at the keyboard's cursor. */
function cursorShapes() {
  const { cursor, places } = diagram;
  if (!cursor || cursor.panel >= places.panels.length || cursor.up >= places.up.length || cursor.across >= places.across.length) return [];
  const line = { color: palette().accent, width: 3 };
  if (places.columns.up) {
    const { panel, up, across } = cursor;
    return [{ type: "rect", xref: `x${panel + 1}`, yref: `y${panel + 1}`, x0: across - 0.5, x1: across + 0.5, y0: up - 0.5, y1: up + 0.5, line }];
  }
  const numeric = places.columns.across.values.every((value) => typeof value === "number");
  const at = numeric ? places.columns.across.values[places.across[cursor.across] - 1] : cursor.across;
  return [{ type: "line", xref: "x1", yref: "paper", x0: at, x1: at, y0: 0, y1: 1, line: { ...line, dash: "dot" } }];
}

/** Move the cursor by a key; true where it was one of ours. */
function moveCursor(key) {
  const { places } = diagram;
  const steps = { ArrowRight: ["across", 1], ArrowLeft: ["across", -1], ArrowUp: ["up", 1], ArrowDown: ["up", -1], PageDown: ["panel", 1], PageUp: ["panel", -1] };
  if (!steps[key] || !places) return false;
  let [direction, step] = steps[key];
  if (direction === "up" && !places.columns.up) direction = "panel";
  const sizes = { across: places.across.length, up: places.up.length, panel: places.panels.length };
  const begun = diagram.cursor;
  const cursor = begun ?? { across: 0, up: 0, panel: 0 };
  const moved = begun ? cursor[direction] + step : cursor[direction];
  diagram.cursor = Object.fromEntries(Object.entries({ ...cursor, [direction]: moved }).map(([name, at]) => [name, Math.max(0, Math.min(sizes[name] - 1, at))]));
  Plotly.relayout("diagram", { shapes: cursorShapes() });
  announce(readOut(diagram.cursor).map(([name, value]) => `${name} ${value}`).join(", "));
  return true;
}

/** The place that a point of Plotly's events stands for. */
function placeOf(point) {
  if (point.customdata) return point.customdata;
  const panel = Number((point.data.xaxis ?? "x1").slice(1) || 1) - 1;
  return { panel, up: Math.round(point.y), across: Math.round(point.x) };
}
