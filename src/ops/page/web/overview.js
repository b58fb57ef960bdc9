// All tables at once: one row per table, one column per year or month. Single days are in `calendar.js`.

/** Years of coverage up to which columns are months. */
const YEARS_OF_MONTHS = 5;

/** What the reader chose: the table and year whose days are shown, the cell of it, and whether tables without problems are
 * left out. */
const view = { coverage: null, year: null, cell: null, problems: false };

/** The columns: label, header, first and last day. */
function columnsOf(all) {
  const dated = all.filter((coverage) => coverage.letters);
  if (!dated.length) return [];
  const first = Math.min(...dated.map((coverage) => coverage.first));
  const last = Math.max(...dated.map((coverage) => coverage.last));
  const columns = [];
  const byMonth = yearOf(last) - yearOf(first) < YEARS_OF_MONTHS;
  for (let year = yearOf(first); year <= yearOf(last); year += 1) {
    if (!byMonth) {
      columns.push({ label: String(year), year, from: firstOf(year, 0), to: firstOf(year + 1, 0) - 1 });
      continue;
    }
    for (let month = 0; month < 12; month += 1) {
      const [from, to] = [firstOf(year, month), firstOf(year, month + 1) - 1];
      if (to >= first && from <= last) columns.push({ label: dayText(from).slice(0, 7), year, from, to });
    }
  }
  return columns;
}

/** Headers over columns: a year each; of many years, every fifth is seen. */
function headersOf(columns) {
  const headers = [];
  for (const column of columns) {
    const before = headers.at(-1);
    if (before && before[0] === String(column.year)) before[1] += 1;
    else headers.push([String(column.year), 1]);
  }
  const isByYear = headers.length === columns.length;
  const isSeen = (text, place) =>
    !isByYear || columns.length < 15 || Number(text) % 5 === 0 || (place === 0 && Number(text) % 5 < 4);
  return headers.map(([text, span], place) => [
    isSeen(text, place) ? text : element("span", { class: "unseen" }, text),
    span,
  ]);
}

/** A column of a table: the state that matters most. */
function summary(coverage, column) {
  const kinds = byKind(tally(coverage, column.from, column.to));
  const kind = KINDS.find((one) => kinds[one] && one !== "closed") ?? "nothing";
  const label = `${coverage.name}, ${column.label}: ${inWords(kinds)}`;
  const shown = Math.min(coverage.last, firstOf(view.year + 1, 0) - 1);
  const isShown = view.cell ? view.cell === column.label : column.from <= shown && shown <= column.to;
  const all = (kinds.missing ?? 0) + (kinds.aside ?? 0) + (kinds.partial ?? 0) + (kinds.held ?? 0);
  const share = kinds.held && kind !== "held" && kind in LEGEND && kind !== "not-due" ? kinds[kind] / all : 1;
  return {
    kind,
    label,
    share,
    coverage,
    year: column.year,
    cell: column.label,
    selected: view.coverage === coverage && isShown,
  };
}

function isProblem(coverage) {
  return /[mfdps]/.test(coverage.letters) || Object.keys(coverage.securities).some((letter) => /[mfdps]/.test(letter));
}

function overview(pick) {
  const columns = columnsOf(covered);
  const listed = covered.filter((coverage) => !view.problems || isProblem(coverage));
  const readout = element(
    "p",
    { class: "readout" },
    t("Point at a cell, or move with the arrow keys; Enter shows the days."),
  );
  const rows = listed.map((coverage) => ({
    header: coverage.name,
    title: told(coverage.table.title),
    cells:
      coverage.letters || !columns.length
        ? columns.map((column) => summary(coverage, column))
        : [{ words: securities(coverage), span: columns.length }],
  }));
  const filter = element("input", {
    type: "checkbox",
    onchange: (event) => {
      view.problems = event.target.checked;
      drawCoverage("filter");
    },
  });
  filter.id = "filter";
  filter.checked = view.problems;
  const legend = Object.entries(LEGEND).map(([kind, text]) =>
    element("li", {}, element("span", { class: `key kind ${kind}` }), t(text)),
  );
  if (!covered.length) return [element("p", {}, t("The lake holds nothing yet."))];
  return [
    element("ul", { class: "legend", "aria-label": t("Legend") }, legend),
    element("div", { class: "bar" }, element("label", {}, filter, t("Only tables with gaps"))),
    rows.length
      ? element(
          "div",
          { class: "scroll tall" },
          grid({
            caption: t("Coverage by table"),
            classes: "overview",
            columns: headersOf(columns),
            rows,
            readout,
            pick,
          }),
        )
      : element("p", {}, t("No table has gaps.")),
    readout,
  ];
}
