"use strict";
// What the page was given: the index, and arrays that Python's packing.py packed.

const TYPES = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, float32: Float32Array, float64: Float64Array };

/** The bytes of an element that holds gzip as base64. The element is emptied: its text is not needed twice. */
async function inflate(id) {
  const element = document.getElementById(id);
  const text = element.textContent;
  element.textContent = "";
  const stream = new Blob([fromBase64(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

/** An array whose first bytes stand beside one another, then its second bytes, and so on. */
function unpack(buffer, { at, type, n }) {
  const size = TYPES[type].BYTES_PER_ELEMENT;
  const planes = new Uint8Array(buffer, at, n * size);
  const bytes = new Uint8Array(n * size);
  for (let plane = 0, from = 0; plane < size; plane++) {
    for (let i = plane; i < bytes.length; i += size) bytes[i] = planes[from++];
  }
  return new TYPES[type](bytes.buffer);
}

/** A column: `numbers` (NaN where there is none), and of a listed one `codes`, 0 for null, and `values`. Unpacked when asked for. */
function column(about, buffer) {
  const made = { ...about };
  if (about.kind === "number") {
    made.nans = new Set(about.nan);
    return lazily(made, "numbers", () => unpack(buffer, about));
  }
  lazily(made, "codes", () => unpack(buffer, about));
  const numeric = [NaN, ...about.values.map((value) => (typeof value === "string" ? infinity(value) : Number(value)))];
  return lazily(made, "numbers", () => Float64Array.from(made.codes, (code) => numeric[code]));
}

/** Give an object a property that is made when it is first read. */
function lazily(object, name, make) {
  const kept = (value) => Object.defineProperty(object, name, { value }) && value;
  return Object.defineProperty(object, name, { get: () => kept(make()), configurable: true });
}

function infinity(text) {
  return { inf: Infinity, "-inf": -Infinity }[text] ?? NaN;
}

function keysOf(about, buffer) {
  if (about.list) return about.list;
  const bytes = unpack(buffer, about);
  const width = about.digits / 2;
  const hex = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));
  return Array.from({ length: bytes.length / width }, (_, i) => {
    let key = "";
    for (let j = i * width; j < (i + 1) * width; j++) key += hex[bytes[j]];
    return key;
  });
}

/** Run the library that the page carries, as a script of its own. */
async function loadPlotly() {
  const address = URL.createObjectURL(new Blob([await inflate("plotly-data")], { type: "text/javascript" }));
  await new Promise((resolve, reject) => {
    const script = document.createElement("script");
    Object.assign(script, { src: address, onload: resolve, onerror: () => reject(new Error("Plotly did not load")) });
    document.head.append(script);
  });
  URL.revokeObjectURL(address);
}

/** Resolves when all of the page is there: the curves, its largest part, stand after this script. */
function parsed() {
  if (document.readyState !== "loading") return null;
  return new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve, { once: true }));
}

let curves = null; // a promise of what the long tables say, made when the first trial is opened

function loadCurves() {
  curves ??= inflateCurves();
  return curves;
}

async function inflateCurves() {
  if (!lab.index.curves.length) return [];
  await parsed();
  const buffer = await inflate("curve-data");
  return lab.index.curves.map((about) => {
    const trials = unpack(buffer, about.trials);
    const gridOf = unpack(buffer, about.gridOf);
    const values = unpack(buffer, about.values);
    const where = new Map();
    for (let i = 0, at = 0; i < trials.length; i++) {
      const grid = about.grids[gridOf[i]];
      where.set(trials[i], { grid, at });
      at += grid.length;
    }
    return { ...about, of: (trial) => curveAt(where.get(trial), values) };
  });
}

function curveAt(place, values) {
  return place && { places: place.grid, values: Array.from(values.subarray(place.at, place.at + place.grid.length)) };
}
