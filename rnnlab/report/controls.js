// Selects for what the diagram shows, filters for every axis, columns of the table.

const MOST_BOXES = 12; // values that get a box each; beyond that there is a range

function drawControls() {
  const axes = axesOfPage();
  const selects = [
    ["x", "Across", axes, null],
    ["y", "Up", axes, "the statistic itself"],
    ["split", "Panels or lines", axes, "none"],
    ["show", "Show", showable(), null],
  ];
  document.getElementById("controls").replaceChildren(...selects.map(([name, label, columns, none]) => {
    const chosen = lab.view[name];
    const options = [...(none === null ? [] : [make("option", { value: "", selected: chosen === null }, none)]),
      ...columns.map((column) => make("option", { value: column.name, selected: column.name === chosen }, titled(column)))];
    const select = make("select", { id: `choose-${name}`, onchange: () => choose(name, select.value || null) }, ...options);
    return make("label", {}, label, select);
  }));
}

/** Take a column for a part of the diagram; where another part had it, the two change places. */
function choose(name, value) {
  const before = lab.view[name];
  for (const other of ["x", "y", "split"]) {
    if (name !== "show" && other !== name && value !== null && lab.view[other] === value) lab.view[other] = before;
  }
  lab.view[name] = value;
  lab.view.x ??= axesOfPage().find((column) => column.name !== value)?.name ?? value;
  if (lab.view.y === lab.view.x) lab.view.y = null;
  if (lab.view.split === lab.view.x) lab.view.split = null;
  diagram.cursor = null;
  drawControls();
  document.getElementById(`choose-${name}`).focus();
  refresh();
}

function drawFilters() {
  const reset = make("button", { type: "button", id: "reset", onclick: () => { lab.allowed.clear(); drawFilters(); refresh(); document.getElementById("reset").focus(); } }, "Reset filters");
  document.getElementById("filters").replaceChildren(...filterable().map(filterOf), reset);
}

function filterOf(column) {
  const state = make("span", { className: "note" }, "all");
  const details = make("details", { id: `filter-${column.name}` }, make("summary", {}, `${column.label}: `, state));
  const say = (codes) => {
    state.textContent = codes === null ? "all" : codes.length === 0 ? "none" : codes.length === 1 ? nameOf(column, codes[0]) : `${codes.length} of ${column.values.length}`;
    details.dataset.active = codes !== null;
    setFilter(column.name, codes);
    refresh();
  };
  details.append(column.values.length <= MOST_BOXES ? boxes(column, say) : range(column, say));
  return details;
}

function nameOf(column, code) {
  return code ? column.labels[code - 1] : "null";
}

function boxes(column, say) {
  const codes = [...column.values.keys()].map((i) => i + 1);
  if (column.codes.includes(0)) codes.push(0);
  const inputs = codes.map((code) => make("input", { type: "checkbox", checked: true, value: code }));
  const changed = () => {
    const on = inputs.filter((input) => input.checked).map((input) => Number(input.value));
    say(on.length === codes.length ? null : on);
  };
  inputs.forEach((input) => (input.onchange = changed));
  const labels = inputs.map((input, i) => make("label", {}, input, ` ${nameOf(column, codes[i])}`));
  return make("fieldset", {}, make("legend", {}, titled(column)), ...labels);
}

function range(column, say) {
  const pick = (chosen) => make("select", {}, ...column.labels.map((label, i) => make("option", { value: i + 1, selected: i + 1 === chosen }, label)));
  const from = pick(1), to = pick(column.values.length);
  const changed = () => {
    const [low, high] = [Number(from.value), Number(to.value)];
    say(low === 1 && high === column.values.length ? null : Array.from({ length: Math.max(0, high - low + 1) }, (_, i) => low + i));
  };
  from.onchange = to.onchange = changed;
  return make("fieldset", {}, make("legend", {}, titled(column)), make("label", {}, "from ", from), make("label", {}, "to ", to));
}

function drawColumnChoice() {
  const chosen = new Set(table.columns.map((column) => column.name));
  const inputs = [...lab.columns.values()].map((column) => [column, make("input", { type: "checkbox", checked: chosen.has(column.name) })]);
  const changed = () => {
    chooseColumns(inputs.filter(([, input]) => input.checked).map(([column]) => column.name));
    drawTable();
  };
  inputs.forEach(([, input]) => (input.onchange = changed));
  document.getElementById("columns").append(...inputs.map(([column, input]) => make("label", { title: column.doc }, input, ` ${titled(column)}`)));
}
