// A grid of cells for keyboard navigation: one cell is in the tab order, and arrow keys move it. What a cell shows is
// decided elsewhere.

/**
 * `rows` are `{header, cells}`; a cell is null, `{words}`, or `{kind, label, share, selected, start}`: of the kind as far as its
 * share, and the tab key leads to the one that is selected or the start. `columns` are
 * `[header, span]`. `pick` is called with a cell that is chosen, `page` with -1 or 1 for the page keys.
 */
function grid({ caption, classes, columns, rows, readout, pick, page }) {
  const places = [];
  const head = element(
    "tr",
    {},
    element("td", {}),
    columns.map(([header, span]) => element("th", { scope: span > 1 ? "colgroup" : "col", colspan: span }, header)),
  );
  const body = rows.map(({ header, cells, title }) => {
    const nodes = cells.map((cell) => drawn(cell, pick));
    places.push(nodes.map((node, place) => (cells[place] ? node : null)));
    return element("tr", {}, element("th", { scope: "row", title }, header), nodes);
  });
  const table = element(
    "table",
    { class: `grid ${classes}`, role: "grid", "aria-label": caption },
    element("thead", {}, head),
    element("tbody", {}, body),
  );
  const all = places.flat().filter(Boolean);
  const first = rows.flatMap(({ cells }) => cells.filter(Boolean)).findIndex((cell) => cell.selected || cell.start);
  const chosen = all[Math.max(0, first)];
  if (chosen) chosen.tabIndex = 0;
  const say = (node) => {
    if (readout) readout.textContent = node.getAttribute("aria-label") ?? node.textContent;
  };
  const focus = (node) => {
    if (!node) return;
    for (const other of all) other.tabIndex = -1;
    node.tabIndex = 0;
    node.focus();
  };
  table.addEventListener("focusin", (event) => say(event.target));
  table.addEventListener("mouseover", (event) => {
    const cell = event.target.closest("td[tabindex]");
    if (cell) say(cell);
  });
  table.addEventListener("keydown", (event) => {
    const row = places.findIndex((cells) => cells.includes(event.target));
    if (row < 0) return;
    const column = places[row].indexOf(event.target);
    const to = target(places, row, column, event, page);
    if (to === undefined) return;
    event.preventDefault();
    focus(to);
  });
  return table;
}

function drawn(cell, pick) {
  if (!cell) return element("td", {});
  if (cell.words !== undefined) return element("td", { class: "words", colspan: cell.span, tabindex: -1 }, cell.words);
  const node = element("td", {
    class: `kind ${cell.share < 1 ? "held" : cell.kind}`,
    tabindex: -1,
    "aria-label": cell.label,
    "aria-selected": cell.selected === undefined ? null : String(cell.selected),
  });
  if (cell.share < 1) {
    const part = element("span", { class: `part kind ${cell.kind}` });
    part.style.setProperty("--share", cell.share);
    node.append(part);
  }
  if (pick) {
    node.addEventListener("click", () => pick(cell));
    node.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      pick(cell);
    });
  }
  return node;
}

/** Where a key leads: a cell, null for nowhere, undefined for a key that the grid does not know. */
function target(places, row, column, event, page) {
  const step = (rows, columns) => {
    let [r, c] = [row + rows, column + columns];
    while (places[r] && c >= 0 && c < Math.max(...places.map((cells) => cells.length))) {
      // A row of text is shorter than the others.
      const cell = places[r][Math.min(c, places[r].length - 1)];
      if (cell && cell !== places[row][column]) return cell;
      [r, c] = [r + rows, c + columns];
    }
    return null;
  };
  const ends = (cells) => [cells.find(Boolean), cells.findLast(Boolean)];
  switch (event.key) {
    case "ArrowLeft":
      return step(0, -1);
    case "ArrowRight":
      return step(0, 1);
    case "ArrowUp":
      return step(-1, 0);
    case "ArrowDown":
      return step(1, 0);
    case "Home":
      return ends(event.ctrlKey ? places.flat() : places[row])[0];
    case "End":
      return ends(event.ctrlKey ? places.flat() : places[row])[1];
    case "PageUp":
      return page ? (page(-1), null) : step(-Math.min(10, row), 0);
    case "PageDown":
      return page ? (page(1), null) : step(Math.min(10, places.length - 1 - row), 0);
    default:
      return undefined;
  }
}
