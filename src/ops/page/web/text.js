// Text and numbers in the user's language, and the elements that hold them. What a section says is decided elsewhere.

const data = JSON.parse(document.getElementById("data").textContent);

/** English texts without a Chinese one: a check of the project wants none. */
const untranslated = new Set();
let language = "en";

function setLanguage(chosen) {
  language = chosen;
  document.documentElement.lang = chosen === "zh" ? "zh-CN" : "en";
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = t(node.dataset.text);
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === chosen));
  }
}

/** A sentence: its key is the English, `{name}` a value. */
function t(english, values = {}) {
  let text = english;
  if (language === "zh") {
    text = CHINESE[english];
    if (text === undefined) {
      untranslated.add(english);
      document.documentElement.dataset.untranslated = [...untranslated].join(" | ");
      text = english;
    }
  }
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** A text of the data, of which the program knows the Chinese where it has one. */
const told = (text) => (language === "zh" && data.chinese[text]) || text;

/** A text after what it is about. */
const labelled = (label, text) => `${label}${language === "zh" ? "：" : ": "}${told(text)}`;

/** A sentence with a number `{n}`, in its form for one and for many. */
function counted(n, one, many, values = {}) {
  return t(n === 1 ? one : many, { n: number(n), ...values });
}

function number(n) {
  return n.toLocaleString(language === "zh" ? "zh-CN" : "en");
}

/** A number in a table, where none is plain to see. */
const some = (n) => (n ? number(n) : "–");

function bytes(n) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (n >= 1000 && unit < units.length - 1) {
    n /= 1000;
    unit += 1;
  }
  return `${number(unit && n < 100 ? Math.round(n * 10) / 10 : Math.round(n))} ${units[unit]}`;
}

/** An instant in Shanghai, to the minute. */
function instant(text) {
  return new Date(Date.parse(text) + 8 * 3600e3).toISOString().slice(0, 16).replace("T", " ");
}

/** Days are counted from 1970 on. */
const dayOf = (text) => Date.parse(text) / 864e5;
const dayText = (day) => new Date(day * 864e5).toISOString().slice(0, 10);
const yearOf = (day) => new Date(day * 864e5).getUTCFullYear();
const monthOf = (day) => new Date(day * 864e5).getUTCMonth();
/** Monday is 0. */
const weekdayOf = (day) => (((day + 3) % 7) + 7) % 7;
const firstOf = (year, month) => Date.UTC(year, month, 1) / 864e5;

function weekdayName(weekday, form) {
  return new Date(Date.UTC(2024, 0, 1 + weekday)).toLocaleDateString(language === "zh" ? "zh-CN" : "en", {
    weekday: form,
    timeZone: "UTC",
  });
}

function monthName(month) {
  return new Date(Date.UTC(2024, month, 1)).toLocaleDateString(language === "zh" ? "zh-CN" : "en", {
    month: "short",
    timeZone: "UTC",
  });
}

/** An element with attributes and children; a child that is a text stays one, whatever is in it. */
function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...shown(children));
  return node;
}

/** Children that are there, lists of them as their elements. */
function shown(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== undefined && child !== null && child !== false && child !== "");
}

/** A sentence whose `names` in marks are code, and whose days stay in one line. */
function sentence(text) {
  return text.split("`").map((part, place) => {
    if (place % 2) return element("code", {}, part);
    return part
      .split(/(\d{4}-\d\d-\d\d)/)
      .map((piece, day) => (day % 2 ? element("span", { class: "whole" }, piece) : piece));
  });
}

/** A table of rows: columns are `[header, class]`, a cell is a text, a node or a list of both. */
function rowsTable(caption, columns, rows) {
  const head = columns.map(([header, kind]) => element("th", { scope: "col", class: kind }, header));
  const body = rows.map((cells) =>
    element(
      "tr",
      {},
      cells.map((cell, place) =>
        element(place ? "td" : "th", { class: columns[place][1], scope: place ? null : "row" }, cell),
      ),
    ),
  );
  const table = element(
    "table",
    { class: "rows" },
    element("caption", { class: "unseen" }, caption),
    element("thead", {}, element("tr", {}, head)),
    element("tbody", {}, body),
  );
  return element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, table);
}

/** Fills a section: its title, and a sentence about what it shows. */
function section(id, title, about, ...children) {
  const place = document.getElementById(id);
  place.replaceChildren(
    element("h2", { id: `${id}-title` }, title),
    element("p", { class: "about" }, sentence(about)),
    ...shown(children),
  );
  return place;
}
