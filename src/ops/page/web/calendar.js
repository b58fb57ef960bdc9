// The days of one table: a year of weeks, or all of its months or periods.

/** The first and the last year of a table. */
const yearsOf = (coverage) => [yearOf(coverage.first), yearOf(coverage.last)];

/** The newest year with a problem, else the newest. */
function yearToShow(coverage) {
  const worst = Math.max(...["m", "f", "d", "p"].map((letter) => coverage.letters.lastIndexOf(letter)));
  return worst < 0 ? yearsOf(coverage)[1] : yearOf(coverage.first + worst);
}

function cellOf(coverage, day, name) {
  const letter = letterOf(coverage, day);
  return { kind: kindOf(letter), day, label: labelled(name, t(STATES[letter][1])) };
}

/** Marks the cell to begin with: of the month that was chosen, or of all, the first of the kind that matters most. */
function begun(rows) {
  const cells = rows.flatMap((row) => row.cells.filter(Boolean)).sort((a, b) => a.day - b.day);
  const chosen = cells.filter((cell) => view.cell && dayText(cell.day).startsWith(view.cell));
  const among = chosen.length ? chosen : cells;
  const worst = KINDS.find((kind) => among.some((cell) => cell.kind === kind));
  const start =
    worst === "held" && among === cells
      ? among.findLast((cell) => cell.kind === worst)
      : among.find((cell) => cell.kind === worst);
  if (start) start.start = true;
  return rows;
}

/** Seven rows of weekdays, a column for each week. */
function weeks(coverage, year) {
  const [first, last] = [firstOf(year, 0), firstOf(year + 1, 0) - 1];
  const monday = first - weekdayOf(first);
  const columns = Math.floor((last - monday) / 7) + 1;
  const rows = [];
  for (let weekday = 0; weekday < 7; weekday += 1) {
    const cells = [];
    for (let week = 0; week < columns; week += 1) {
      const day = monday + week * 7 + weekday;
      const name = `${dayText(day)} ${weekdayName(weekday, "short")}`;
      cells.push(day < first || day > last ? null : cellOf(coverage, day, name));
    }
    rows.push({ header: weekdayName(weekday, "short"), cells });
  }
  const headers = [];
  for (let month = 0; month < 12; month += 1) {
    const begins = Math.ceil((firstOf(year, month) - monday) / 7);
    const ends = month < 11 ? Math.ceil((firstOf(year, month + 1) - monday) / 7) : columns;
    headers.push([monthName(month), ends - begins]);
  }
  const before = Math.ceil((first - monday) / 7);
  if (before) headers[0][1] += before;
  return { rows: begun(rows), columns: headers, classes: "weeks" };
}

/** A row for each year, a column for each month or quarter. */
function months(coverage) {
  const step = coverage.axis === "period" ? 3 : 1;
  const [from, to] = yearsOf(coverage);
  const rows = [];
  for (let year = to; year >= from; year -= 1) {
    const cells = [];
    for (let month = 0; month < 12; month += step) {
      const day = step === 3 ? firstOf(year, month + 3) - 1 : firstOf(year, month);
      cells.push(cellOf(coverage, day, step === 3 ? dayText(day) : dayText(day).slice(0, 7)));
    }
    rows.push({ header: String(year), cells });
  }
  const names = step === 3 ? ["03-31", "06-30", "09-30", "12-31"] : [...Array(12).keys()].map(monthName);
  return { rows: begun(rows), columns: names.map((name) => [name, 1]), classes: "months" };
}

/** The panel with the chosen table. */
function calendar(change) {
  const coverage = view.coverage;
  if (!coverage) return null;
  const byYear = !["month", "period"].includes(coverage.axis);
  const [from, to] = yearsOf(coverage);
  const turn = (by) => change(coverage, Math.min(to, Math.max(from, view.year + by)), "day");
  const select = element(
    "select",
    {
      id: "table",
      onchange: (event) => {
        const chosen = covered[Number(event.target.value)];
        change(chosen, yearToShow(chosen), "table");
      },
    },
    covered.map(
      (one, place) => one.letters && element("option", { value: place, selected: one === coverage }, one.name),
    ),
  );
  const years = [];
  for (let year = to; year >= from; year -= 1)
    years.push(element("option", { value: year, selected: year === view.year }, year));
  const year = element(
    "select",
    { id: "year", onchange: (event) => change(coverage, Number(event.target.value), "year") },
    years,
  );
  const button = (id, text, by, isOff) =>
    element(
      "button",
      { type: "button", id, disabled: isOff, onclick: () => change(coverage, view.year + by, id) },
      text,
    );
  const turner = byYear && [
    button("before", t("← earlier"), -1, view.year <= from),
    element("label", {}, t("Year"), year),
    button("after", t("later →"), 1, view.year >= to),
  ];
  const counts = byYear
    ? tally(coverage, firstOf(view.year, 0), firstOf(view.year + 1, 0) - 1)
    : tally(coverage, coverage.first, coverage.last);
  const readout = element("p", { class: "readout" }, inWords(byKind(counts)));
  const caption = byYear
    ? t("{table}: days of {year}", { table: coverage.name, year: view.year })
    : t("{table}: all of its months or periods", { table: coverage.name });
  const drawing = byYear ? weeks(coverage, view.year) : months(coverage);
  return element(
    "div",
    { class: "panel", id: "days" },
    element("h3", {}, caption),
    element(
      "p",
      { class: "note" },
      `${told(coverage.table.title)} · ${coverage.interface}`,
      Object.keys(coverage.securities).length ? ` · ${securities(coverage)}` : "",
    ),
    element("div", { class: "bar" }, element("label", {}, t("Table"), select), turner),
    element("div", { class: "scroll" }, grid({ caption, readout, page: byYear ? turn : null, ...drawing })),
    readout,
  );
}

/** Draws the section again, and gives the focus back to what had it. */
function drawCoverage(focus) {
  const change = (coverage, year, then, cell = null) => {
    Object.assign(view, { coverage, year, cell });
    drawCoverage(then);
  };
  const pick = ({ coverage, year, cell }) => {
    const [from, to] = yearsOf(coverage);
    change(coverage, Math.min(to, Math.max(from, year)), "day", cell);
  };
  const old = document.querySelector("#coverage .tall");
  const [left, top] = old ? [old.scrollLeft, old.scrollTop] : [0, 0];
  section(
    "coverage",
    t("Coverage"),
    t(
      "Which days, months or report periods of each table are in the lake. A cell with a sign has days of that kind: choose it to see each day.",
    ),
    overview(pick),
    calendar(change),
  );
  const now = document.querySelector("#coverage .tall");
  // If not everything fits, scroll to the newest.
  if (now) [now.scrollLeft, now.scrollTop] = old ? [left, top] : [now.scrollWidth, 0];
  const first = document.querySelector("#days td[tabindex='0']");
  if (first) first.closest(".scroll").scrollLeft = first.offsetLeft - first.closest(".scroll").clientWidth / 2;
  if (focus === "day") first?.focus();
  else if (focus) document.getElementById(focus)?.focus();
}
