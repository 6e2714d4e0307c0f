// The table of trials: a real table, a page of it at a time, sorted by any column.

const PAGE = 50;
const table = { columns: [], sorted: null, descending: false, order: null, rows: [], page: 0, row: 0 };

function chooseColumns(names) {
  table.columns = names.map((name) => lab.columns.get(name));
  drawHead();
}

function drawHead() {
  const heads = [keyColumn(), ...table.columns].map((column) => {
    const direction = table.sorted === column.name ? (table.descending ? "descending" : "ascending") : "none";
    const mark = { ascending: " ▲", descending: " ▼", none: "" }[direction];
    const button = make("button", { type: "button", title: column.doc, onclick: () => sortBy(column.name) }, titled(column), make("span", { "aria-hidden": "true" }, mark));
    return make("th", { scope: "col", "aria-sort": direction }, button);
  });
  document.querySelector("#table thead").replaceChildren(make("tr", { "aria-rowindex": "1" }, ...heads));
}

function keyColumn() {
  return { name: "key", label: "key", unit: "", doc: "identity of the trial" };
}

function sortBy(name) {
  table.descending = table.sorted === name && !table.descending;
  table.sorted = name;
  table.order = null;
  table.page = 0;
  drawHead();
  drawTable();
  [...document.querySelectorAll("#table thead th")].find((head) => head.getAttribute("aria-sort") !== "none")?.querySelector("button").focus();
  announce(`Sorted by ${name.replaceAll("_", " ")}, ${table.descending ? "descending" : "ascending"}.`);
}

/** All trials in the order of the table; what has no number comes last either way. */
function order() {
  if (table.order) return table.order;
  const all = Array.from({ length: lab.n }, (_, i) => i);
  const sign = table.descending ? -1 : 1;
  if (table.sorted === "key") all.sort((a, b) => sign * (lab.keys[a] < lab.keys[b] ? -1 : lab.keys[a] > lab.keys[b] ? 1 : 0));
  else if (table.sorted) {
    const column = lab.columns.get(table.sorted);
    const by = column.kind === "listed" ? Float64Array.from(column.codes, (code) => code || NaN) : column.numbers;
    all.sort((a, b) => (Number.isNaN(by[a]) ? (Number.isNaN(by[b]) ? a - b : 1) : Number.isNaN(by[b]) ? -1 : sign * (by[a] === by[b] ? 0 : by[a] < by[b] ? -1 : 1) || a - b));
  }
  table.order = all;
  return all;
}

function drawTable() {
  table.rows = order().filter((i) => lab.mask[i]);
  const pages = Math.max(1, Math.ceil(table.rows.length / PAGE));
  table.page = Math.max(0, Math.min(table.page, pages - 1));
  const first = table.page * PAGE;
  const rows = table.rows.slice(first, first + PAGE);
  table.row = Math.max(0, Math.min(table.row, rows.length - 1));
  document.getElementById("table").setAttribute("aria-rowcount", table.rows.length + 1);
  document.getElementById("caption").textContent = `Trials ${rows.length ? first + 1 : 0} to ${first + rows.length} of ${count(table.rows.length, "trial")} that pass the filters, of ${lab.n.toLocaleString("en")}.`;
  document.querySelector("#table tbody").replaceChildren(...rows.map((trial, i) => rowOf(trial, first + i, i === table.row)));
  drawPages(pages);
}

function rowOf(trial, at, isHere) {
  const open = make("button", { type: "button", tabIndex: isHere ? 0 : -1, "aria-label": `Open trial ${lab.keys[trial]}` }, lab.keys[trial]);
  const cells = table.columns.map((column) => make("td", { className: column.kind === "listed" && typeof column.values[0] === "string" ? "text" : "" }, cellText(column, trial)));
  const row = make("tr", { "aria-rowindex": String(at + 2) }, make("th", { scope: "row" }, open), ...cells);
  row.dataset.trial = trial;
  if (trial === opened.trial) row.setAttribute("aria-current", "true");
  return row;
}

function markRow() {
  for (const row of document.querySelectorAll("#table tbody tr")) {
    if (Number(row.dataset.trial) === opened.trial) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

function drawPages(pages) {
  const turn = (name, page, ends) => make("button", { type: "button", disabled: ends, onclick: () => turnTo(page) }, name);
  const last = pages - 1;
  const label = make("span", {}, `Page ${table.page + 1} of ${pages.toLocaleString("en")}`);
  document.getElementById("pages").replaceChildren(
    turn("First", 0, table.page === 0), turn("Previous", table.page - 1, table.page === 0), label,
    turn("Next", table.page + 1, table.page === last), turn("Last", last, table.page === last),
  );
}

function turnTo(page) {
  table.page = page;
  drawTable();
  announce(document.getElementById("caption").textContent);
}

/** Arrow keys walk over the rows, Page Up and Page Down turn the page. */
function tableKey(event) {
  if (!event.target.closest("tbody")) return;
  const rows = [...document.querySelectorAll("#table tbody button")];
  const moves = { ArrowDown: 1, ArrowUp: -1, Home: -rows.length, End: rows.length };
  if (event.key === "PageDown" || event.key === "PageUp") {
    turnTo(table.page + (event.key === "PageDown" ? 1 : -1));
    document.querySelectorAll("#table tbody button")[table.row]?.focus();
  } else if (event.key in moves) {
    rows[table.row].tabIndex = -1;
    table.row = Math.max(0, Math.min(rows.length - 1, table.row + moves[event.key]));
    rows[table.row].tabIndex = 0;
    rows[table.row].focus();
  } else return;
  event.preventDefault();
}
