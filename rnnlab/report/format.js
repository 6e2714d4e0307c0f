// How numbers and conditions are written, and elements made: text only, never markup.

const DIGITS = 7;
const WHOLE = new Intl.NumberFormat("en");

/** A number as text: what is no number says so. */
function written(value) {
  if (value === null || value === undefined) return "null";
  if (typeof value !== "number") return String(value);
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return String(Number(value.toPrecision(DIGITS)));
}

/** The value of a column for a trial, as text. */
function cellText(column, trial) {
  if (column.kind === "listed") return column.codes[trial] ? column.labels[column.codes[trial] - 1] : "null";
  const value = column.numbers[trial];
  if (Number.isNaN(value)) return column.nans.has(trial) ? "nan" : "null";
  return column.integer ? String(value) : written(value);
}

function count(number, noun) {
  return `${WHOLE.format(number)} ${noun}${number === 1 ? "" : "s"}`;
}

function titled(column) {
  return column.unit ? `${column.label} (${column.unit})` : column.label;
}

/** An element with properties, attributes (those with a dash, and role) and children. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role" || name === "for") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

function pairs(entries) {
  return make("dl", {}, ...entries.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
}

/** Colours of the theme that is on, for Plotly, which knows no CSS variables. */
function palette() {
  return document.documentElement.hasAttribute("data-dark")
    ? { text: "#e6eaee", quiet: "#a9b4bf", line: "#3a444e", ground: "#14181c", accent: "#7cc0ff", faint: "rgba(169,180,191,0.35)" }
    : { text: "#1a1f24", quiet: "#515b66", line: "#cfd6dd", ground: "#ffffff", accent: "#005a9c", faint: "rgba(81,91,102,0.3)" };
}
