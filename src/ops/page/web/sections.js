// The sections with tables, and the chart of revisions. Coverage is drawn elsewhere.

/** How a run ended, by its exit code. */
const EXITS = {
  0: "done",
  1: "failed",
  2: "invalid command line or configuration",
  3: "incomplete: run again",
  4: "a data check failed",
  5: "token rejected, or the account may not call an interface",
  6: "daily quota used up",
  7: "another run was writing",
  8: "some data was late",
  129: "ended by SIGHUP",
  130: "ended by Ctrl-C",
  143: "ended by SIGTERM",
};

/** The name space of drawings; nothing is fetched from it. */
const SVG = "http://www.w3.org/2000/svg";

function drawTables() {
  const columns = [
    [t("table")],
    [t("first day"), "day"],
    [t("last day"), "day"],
    [t("lag"), "number"],
    [t("should be there"), "day"],
    [t("rows"), "number"],
    [t("revisions"), "number"],
    [t("bronze"), "number"],
    [t("silver"), "number"],
  ];
  const rows = data.tables.map((table) => [
    [
      table.table,
      element(
        "small",
        {},
        told(table.title),
        table.stale ? ` · ${counted(table.stale, "{n} stale partition", "{n} stale partitions")}` : "",
      ),
    ],
    table.first ?? "–",
    table.last ?? "–",
    table.lag === null ? "–" : number(table.lag),
    freshness(table),
    some(table.rows),
    some(table.revisions || table.former_states),
    bytes(table.size.bronze),
    bytes(table.size.silver),
  ]);
  const about = t(
    "How far each table reaches, and whether it is up to date. Lag counts trading days after the last day; revisions are rows that a vendor changed later, kept beside what they were.",
  );
  const size = t("On disk: {bronze} in bronze, {silver} in silver.", {
    bronze: bytes(data.size.bronze),
    silver: bytes(data.size.silver),
  });
  if (!rows.length) return section("tables", t("Tables"), about, element("p", {}, t("The lake holds nothing yet.")));
  return section("tables", t("Tables"), about, element("p", {}, size), rowsTable(t("Tables"), columns, rows));
}

/** What should be there by now, and whether it is. */
function freshness(table) {
  const { fresh } = table;
  if (!fresh)
    return table.answered ? element("small", {}, t("last answer {at}", { at: instant(table.answered) })) : "–";
  const is = fresh.is_in
    ? element("span", { class: "yes" }, `✓ ${fresh.day}`)
    : element("span", { class: "no" }, `✗ ${fresh.day}`);
  return [
    is,
    element(
      "small",
      {},
      fresh.is_in && fresh.next
        ? t("next by {at}", { at: instant(fresh.next[1]) })
        : t("by {at}", { at: instant(fresh.by) }),
    ),
  ];
}

/** Bars of the weeks, the newest to the right. */
function weeksChart(weeks, summary) {
  const [width, height, bottom, count] = [900, 130, 18, 53];
  const svg = (name, attributes, text) => {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text) node.textContent = text;
    return node;
  };
  const chart = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": summary });
  const monday = today - weekdayOf(today);
  const most = Math.max(...weeks.map(({ rows, withdrawn }) => rows + withdrawn));
  const scale = (n) => n && Math.max(2, (n / most) * (height - bottom - 16));
  for (const { day, rows, withdrawn } of weeks) {
    const x = (count - 1 - (monday - day) / 7) * (width / count);
    const tall = scale(rows);
    const wide = width / count - 3;
    chart.append(svg("rect", { class: "rows-bar", x, y: height - bottom - tall, width: wide, height: tall }));
    const above = scale(withdrawn);
    chart.append(
      svg("rect", { class: "withdrawn-bar", x, y: height - bottom - tall - above, width: wide, height: above }),
    );
  }
  chart.append(svg("line", { x1: 0, x2: width, y1: height - bottom + 0.5, y2: height - bottom + 0.5 }));
  chart.append(svg("text", { x: 0, y: 11 }, counted(most, "{n} row at most", "{n} rows at most")));
  for (let week = 0; week < count; week += 1) {
    const day = monday - (count - 1 - week) * 7;
    if (week && monthOf(day) === monthOf(day - 7)) continue;
    if (week > count - 3 || (week && week < 3)) continue;
    const name = monthOf(day) === 0 || week === 0 ? String(yearOf(day)) : monthName(monthOf(day));
    chart.append(svg("text", { x: week * (width / count), y: height - 4 }, name));
  }
  return chart;
}

function drawChanges() {
  const weeks = data.weeks.map(({ week, tables }) => {
    const add = (place) => Object.values(tables).reduce((all, counts) => all + counts[place], 0);
    return { week, day: dayOf(week), tables: Object.keys(tables), rows: add(0), figures: add(1), withdrawn: add(2) };
  });
  const about = t(
    "Changes by vendors to days and reports that were already in the lake, by the week in which a run noticed them. Earlier rows are kept: `pitlake diff` shows both.",
  );
  const title = t("Revisions by week");
  if (!weeks.length)
    return section("changes", title, about, element("p", {}, t("No run of the last year noticed a change.")));
  const all = (name) => weeks.reduce((sum, week) => sum + week[name], 0);
  const summary = t("In the last year: {rows} with changed figures, {withdrawn}.", {
    rows: counted(all("rows"), "{n} row", "{n} rows"),
    withdrawn: counted(all("withdrawn"), "{n} row withdrawn", "{n} rows withdrawn"),
  });
  const columns = [
    [t("week of"), "day"],
    [t("rows changed"), "number"],
    [t("figures"), "number"],
    [t("rows withdrawn"), "number"],
    [t("tables")],
  ];
  const rows = weeks
    .toReversed()
    .map((week) => [
      week.week,
      number(week.rows),
      number(week.figures),
      number(week.withdrawn),
      week.tables.join(t(", ")),
    ]);
  const key = (kind, text) => element("li", {}, element("span", { class: `key kind ${kind}` }), text);
  const legend = element(
    "ul",
    { class: "legend" },
    key("held", t("rows changed")),
    key("withdrawn", t("rows withdrawn, on top")),
  );
  return section(
    "changes",
    title,
    about,
    element("p", {}, summary),
    legend,
    element("div", { class: "scroll" }, weeksChart(weeks, summary)),
    element(
      "details",
      { open: rows.length <= 8 },
      element("summary", {}, t("The same as a table")),
      rowsTable(title, columns, rows),
    ),
  );
}

function drawRuns() {
  const about = t("The newest runs, with the calls that they sent and how they ended. Times are in Shanghai time.");
  const title = t("Runs");
  const jobs = data.jobs.map((job) => [
    job.job,
    element("code", {}, job.schedule),
    job.last ? instant(job.last) : "–",
    job.last ? ended(job.exit) : "–",
    job.next ? nextRun(job.next) : "–",
  ]);
  const jobTable =
    jobs.length > 0 &&
    rowsTable(
      t("Jobs"),
      [[t("job")], [t("schedule"), "day"], [t("last run"), "day"], [t("ended")], [t("next run"), "day"]],
      jobs,
    );
  if (!data.runs.length)
    return section("runs", title, about, jobTable, element("p", {}, t("No run has a report here.")));
  const columns = [
    [t("started"), "day"],
    [t("command")],
    [t("ended")],
    [t("slices"), "number"],
    [t("rows"), "number"],
    [t("calls"), "number"],
    [t("most calls to")],
  ];
  const rows = data.runs.map((run) => [
    instant(run.started),
    [element("code", {}, `${run.command} ${run.jobs.join(" ")}`.trim())],
    [ended(run.exit), failures(run)],
    some(run.slices),
    some(run.rows),
    some(sum(run.calls)),
    calls(run),
  ]);
  return section("runs", title, about, jobTable, rowsTable(title, columns, rows));
}

function nextRun(at) {
  return at > data.now ? instant(at) : t("due since {at}", { at: instant(at) });
}

function ended(exit) {
  if (exit === null) return t("running, or killed");
  return element(
    "span",
    { class: exit === 0 ? "yes" : "no" },
    `${exit === 0 ? "✓" : "✗"} ${t(EXITS[exit] ?? "failed")}${exit === 0 ? "" : ` (${exit})`}`,
  );
}

function failures(run) {
  const lines = run.failed.map(([table, reason]) => element("small", {}, sentence(labelled(table, reason))));
  if (run.error) lines.push(element("small", {}, sentence(told(run.error))));
  return lines;
}

function calls(run) {
  const all = Object.entries(run.calls).sort((a, b) => b[1] - a[1]);
  const few = all.slice(0, 3).map(([name, n]) => `${name} ${number(n)}`);
  if (all.length > 3) few.push(counted(all.length - 3, "{n} more interface", "{n} more interfaces"));
  return element("small", {}, few.join(t(", ")));
}

function drawRejects() {
  const title = t("Rejected rows");
  const about = t(
    "Rows that break a rule are set aside with the reason; the others are kept. They stay in bronze, and `pitlake rejects` lists them all.",
  );
  if (!data.rejects.length) return section("rejects", title, about, element("p", {}, t("None.")));
  const columns = [
    [t("table")],
    [t("rows"), "number"],
    [t("reason of the first")],
    [t("that row, as the vendor sent it")],
  ];
  const rows = data.rejects.map((one) => [
    one.table,
    number(one.rows),
    element("span", {}, sentence(told(one.reason))),
    element("code", {}, one.example),
  ]);
  return section("rejects", title, about, rowsTable(title, columns, rows));
}
