// The first screen: what is missing, late and changed, and what to do. It has no tables.

const REASONS = {
  empty: "The lake is empty: begin here.",
  refused: "The last run failed: find out why.",
  late: "The newest day has not arrived: run the jobs.",
  missing: "Data is missing: fetch it.",
  stale: "Silver is older than bronze: build it.",
  set_aside: "Rows were set aside: look at them.",
};

const NAMED = 4;

const sum = (values) => Object.values(values).reduce((a, b) => a + b, 0);

/** The first names, and how many more there are. */
function named(lines) {
  const more = lines.length - NAMED;
  const items = (more > 1 ? lines.slice(0, NAMED) : lines).map((line) => element("li", {}, line));
  if (more > 1) items.push(element("li", {}, counted(more, "and {n} more", "and {n} more")));
  return element("ul", {}, items);
}

function answer(question, mood, says, ...details) {
  const sign = { good: "✓", bad: "✗", todo: "→" }[mood];
  return element(
    "div",
    { class: `answer ${mood}` },
    element("h3", {}, question),
    element(
      "p",
      { class: "says" },
      sign && element("span", { class: "sign", "aria-hidden": "true" }, sign),
      sentence(says),
    ),
    details,
  );
}

function missingAnswer() {
  const { missing, securities: unasked } = data.answers;
  const question = t("Is anything missing?");
  if (!covered.length) return answer(question, "plain", t("The lake holds nothing yet."));
  if (!sum(missing))
    return answer(
      question,
      "good",
      t("No, nothing"),
      element("p", {}, counted(covered.length, "{n} table was checked.", "{n} tables were checked.")),
    );
  const lines = Object.entries(missing)
    .sort((a, b) => b[1] - a[1])
    .map(
      ([table, n]) =>
        labelled(
          table,
          table in unasked ? counted(unasked[table], "{n} security", "{n} securities") : counted(n, "{n} day", "{n} days"),
        ),
    );
  const days = sum(Object.fromEntries(Object.entries(missing).filter(([table]) => !(table in unasked))));
  const tables = lines.length;
  const says = days
    ? counted(days, "Yes: {n} day", "Yes: {n} days")
    : counted(sum(unasked), "Yes: {n} security", "Yes: {n} securities");
  return answer(
    question,
    "bad",
    says,
    element("p", {}, counted(tables, "in {n} table", "in {n} tables")),
    named(lines),
  );
}

function nightAnswer() {
  const { late, fresh, night } = data.answers;
  const question = t("Has last night's data arrived?");
  if (!covered.length) return answer(question, "plain", t("No, the lake is empty"));
  const names = Object.entries(late).map(([table, day]) =>
    day ? t("{table} lacks {day}", { table, day }) : t("{table} was never fetched", { table }),
  );
  if (names.length) {
    const says = counted(names.length, "No: {n} table is late", "No: {n} tables are late");
    return answer(question, "bad", says, named(names));
  }
  if (fresh) {
    const next = data.tables
      .map((table) => table.fresh?.next)
      .filter(Boolean)
      .sort((a, b) => (a[1] < b[1] ? -1 : 1))[0];
    return answer(
      question,
      "good",
      t("Yes, {day}", { day: night }),
      element(
        "p",
        {},
        counted(fresh, "{n} table of your jobs is up to date.", "{n} tables of your jobs are up to date."),
      ),
      next && element("p", {}, t("{day} should be there by {at}.", { day: next[0], at: instant(next[1]) })),
    );
  }
  const newest = data.tables
    .filter((table) => table.lag !== null)
    .map((table) => table.last)
    .sort()
    .at(-1);
  return answer(
    question,
    "plain",
    newest ? t("The newest day is {day}", { day: newest }) : t("No table is fetched day by day"),
    element("p", {}, t("No job in jobs.toml fetches tables day by day, so none is late.")),
  );
}

function changedAnswer() {
  const changed = Object.entries(data.answers.changed);
  const question = t("What changed since last week?");
  const of = (name) => changed.reduce((all, [, table]) => all + table[name], 0);
  const fetched = of("rows_fetched");
  const news = element(
    "p",
    {},
    fetched ? counted(fetched, "{n} row was fetched.", "{n} rows were fetched.") : t("Nothing was fetched."),
  );
  if (!of("rows") && !of("withdrawn")) return answer(question, "plain", t("No old row changed"), news);
  const lines = changed
    .filter(([, table]) => table.rows || table.withdrawn)
    .map(([name, table]) => labelled(name, changeText(table)));
  const says = of("rows")
    ? counted(of("rows"), "{n} old row changed", "{n} old rows changed")
    : counted(of("withdrawn"), "{n} row withdrawn", "{n} rows withdrawn");
  return answer(question, "plain", says, news, named(lines));
}

function changeText({ rows, figures, withdrawn }) {
  const parts = [];
  if (rows)
    parts.push(
      counted(figures, "{n} figure in {rows}", "{n} figures in {rows}", { rows: counted(rows, "{n} row", "{n} rows") }),
    );
  if (withdrawn) parts.push(counted(withdrawn, "{n} row withdrawn", "{n} rows withdrawn"));
  return parts.join(t(", "));
}

function command(text) {
  const code = element("code", { tabindex: 0 }, text);
  const button = element(
    "button",
    {
      type: "button",
      onclick: async () => {
        try {
          await navigator.clipboard.writeText(text);
          button.textContent = t("Copied");
        } catch {
          getSelection().selectAllChildren(code);
          button.textContent = t("Selected");
        }
      },
    },
    t("Copy"),
  );
  return element("div", { class: "command" }, code, button);
}

function actionAnswer() {
  const { actions } = data.answers;
  const question = t("What should I do?");
  if (!actions.length) {
    const next = data.jobs.filter((job) => job.next).sort((a, b) => (a.next < b.next ? -1 : 1))[0];
    const job =
      next &&
      (next.next > data.now
        ? "The job {job} runs at {at}."
        : "The job {job} has been due since {at}: a scheduler runs it, or `pitlake run {job}`.");
    const text = next
      ? t(job, { job: next.job, at: instant(next.next) })
      : t("No job has a schedule: `pitlake run` fetches what is due.");
    return answer(question, "good", t("Nothing"), element("p", {}, sentence(text)));
  }
  // Keep commands with the same reason together.
  const isNew = (action, place) => place === 0 || actions[place - 1].why !== action.why;
  const items = actions.map((action, place) =>
    element("li", {}, isNew(action, place) && t(REASONS[action.why]), command(action.command)),
  );
  const more = items.slice(2);
  const node = answer(
    question,
    "todo",
    counted(actions.length, "Run this command", "Run these commands"),
    element("ol", { class: "actions" }, items.slice(0, 2)),
    more.length > 0 &&
      element(
        "details",
        {},
        element("summary", {}, counted(more.length, "{n} more command", "{n} more commands")),
        element("ol", { class: "actions" }, more),
      ),
  );
  node.classList.add("wide");
  return node;
}

function drawAnswers() {
  const place = document.getElementById("answers");
  const title = document.getElementById("answers-title");
  const remarks = data.remarks.map((text) => element("p", { class: "note" }, told(text)));
  place.classList.toggle("three", data.answers.actions.length > 0);
  place.replaceChildren(title, missingAnswer(), nightAnswer(), changedAnswer(), actionAnswer(), ...remarks);
}
