// Coverage as stored, day by day: letters for states, and their meaning. How a day is drawn is decided elsewhere.

/** Each letter: the kind by which it is drawn, and its text. */
const STATES = {
  h: ["held", "held"],
  u: ["held", "held, to be fetched once more until it settles"],
  x: ["held", "held only by a file of another program, unproven"],
  p: ["partial", "partial: some securities are missing, to be fetched again"],
  s: ["partial", "partial: the vendor has no more"],
  d: ["aside", "held, with rows or columns that cannot be read set aside"],
  m: ["missing", "missing"],
  f: ["missing", "missing: the last request failed"],
  n: ["not-due", "not due yet"],
  c: ["closed", "closed"],
  "-": ["nothing", "no data expected"],
};

/** The kinds, the one that matters most first. */
const KINDS = ["missing", "aside", "partial", "held", "not-due", "closed", "nothing"];

const LEGEND = {
  held: "held",
  missing: "missing",
  partial: "partial",
  aside: "with rows set aside",
  "not-due": "not due yet",
  closed: "market closed",
};

const kindOf = (letter) => STATES[letter][0];

/** Days in the short form, `h3-2m1`, as a letter each. */
function unpacked(days) {
  if (!days) return { first: 0, letters: "" };
  const letters = days.runs.replace(/(\D)(\d+)/g, (_, letter, count) => letter.repeat(Number(count)));
  return { first: dayOf(days.first), letters };
}

const today = dayOf(data.today);
const market = unpacked(data.calendar);
const isClosed = (day) => market.letters[day - market.first] === "c";

/** What an interface covers, with its days unpacked once. */
function opened(table, coverage) {
  const { first, letters: stored } = unpacked(coverage.days);
  // A closed day is stored like the one before it.
  const letters =
    coverage.axis !== "session"
      ? stored
      : stored.replace(/./g, (letter, place) => (isClosed(first + place) ? "c" : letter));
  const several = table.coverage.length > 1;
  return {
    ...coverage,
    table,
    first,
    letters,
    last: first + letters.length - 1,
    name: several ? `${table.table} · ${coverage.interface}` : table.table,
  };
}

const covered = data.tables.flatMap((table) => table.coverage.map((coverage) => opened(table, coverage)));

/** The letter of a day. */
function letterOf(coverage, day) {
  const letter = coverage.letters[day - coverage.first];
  if (letter) return letter;
  if (coverage.axis === "session" && isClosed(day)) return "c";
  return day > today && ["session", "day"].includes(coverage.axis) ? "n" : "-";
}

/** How many days from a first to a last have each letter. */
function tally(coverage, from, to) {
  const counts = {};
  for (let day = Math.max(from, coverage.first); day <= Math.min(to, coverage.last); day += 1) {
    const letter = letterOf(coverage, day);
    counts[letter] = (counts[letter] ?? 0) + 1;
  }
  return counts;
}

/** Counts by kind, of counts by letter. */
function byKind(counts) {
  const kinds = {};
  for (const [letter, n] of Object.entries(counts)) kinds[kindOf(letter)] = (kinds[kindOf(letter)] ?? 0) + n;
  return kinds;
}

/** Counts in words: `243 held, 1 missing`. */
function inWords(kinds) {
  const said = Object.keys(LEGEND).filter((kind) => kinds[kind] && kind !== "closed");
  return said.map((kind) => t("{n} {state}", { n: number(kinds[kind]), state: t(LEGEND[kind]) })).join(t(", ")) || t("no data expected");
}

/** Securities of an interface, in words. */
function securities(coverage) {
  const kinds = byKind(coverage.securities);
  const sum = Object.values(kinds).reduce((a, b) => a + b, 0);
  return sum ? counted(sum, "{n} security: {states}", "{n} securities: {states}", { states: inWords(kinds) }) : "";
}
