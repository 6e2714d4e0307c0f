// What is looked at: the columns of the diagram, the filters, and the trials that pass them.

const lab = { index: null, columns: new Map(), n: 0, view: null, allowed: new Map(), mask: null, shown: 0 };

function columnOf(name) {
  return name === null ? null : lab.columns.get(name);
}

function axesOfPage() {
  return [...lab.columns.values()].filter((column) => column.role === "axis");
}

/** Columns that can be filtered: every axis, and statistics of a few words, as status and verdict. */
function filterable() {
  return [...lab.columns.values()].filter(
    (column) => column.role === "axis" || (column.kind === "listed" && column.main && column.values.length <= 8 && typeof column.values[0] !== "number"),
  );
}

/** Statistics that are numbers, or yes and no: what a diagram can show. */
function showable() {
  return [...lab.columns.values()].filter(
    (column) => column.role === "statistic" && (column.kind === "number" || column.values.some((value) => typeof value !== "string" || infinity(value) === infinity(value))),
  );
}

/** Let only these codes of a column pass; null: all. */
function setFilter(name, codes) {
  if (codes === null) lab.allowed.delete(name);
  else lab.allowed.set(name, codes);
  applyFilters();
}

function applyFilters() {
  lab.mask.fill(1);
  for (const [name, codes] of lab.allowed) {
    const column = lab.columns.get(name);
    const passes = new Uint8Array(column.values.length + 1);
    for (const code of codes) passes[code] = 1;
    for (let i = 0; i < lab.n; i++) lab.mask[i] &= passes[column.codes[i]];
  }
  lab.shown = lab.mask.reduce((sum, each) => sum + each, 0);
}

/** The trials that pass the filters and stand at these codes of these columns. */
function trialsAt(conditions) {
  const found = [];
  for (let i = 0; i < lab.n; i++) {
    if (lab.mask[i] && conditions.every(([column, code]) => column.codes[i] === code)) found.push(i);
  }
  return found;
}

/** Mean, ends and counts of a statistic over trials; what is not finite enters no mean and is counted. */
function tally(trials, shown) {
  const status = columnOf(shown.status);
  const diverged = status ? status.values.indexOf("diverged") + 1 : 0;
  const result = { trials: trials.length, finite: 0, infinite: 0, diverged: 0, missing: 0, mean: NaN, low: NaN, high: NaN };
  let sum = 0;
  for (const i of trials) {
    const value = shown.numbers[i];
    if (status && !status.codes[i]) result.missing++;
    else if (diverged && status.codes[i] === diverged) result.diverged++;
    if (Number.isFinite(value)) {
      sum += value;
      result.low = result.finite ? Math.min(result.low, value) : value;
      result.high = result.finite ? Math.max(result.high, value) : value;
      result.finite++;
    } else if (!Number.isNaN(value)) result.infinite++;
  }
  if (result.finite) result.mean = result.finite === 1 ? result.low : sum / result.finite;
  return result;
}
