// Chooses a language and draws the page. Runs last.

function draw() {
  document.getElementById("written").textContent = t("As of {at} in Shanghai", { at: instant(data.now) });
  drawAnswers();
  drawCoverage();
  drawTables();
  drawChanges();
  drawRuns();
  drawRejects();
  document.getElementById("foot").textContent = t(
    "Written by {program}. This page is self-contained and makes no network requests.",
    { program: data.program },
  );
}

function choose(chosen) {
  setLanguage(chosen);
  draw();
}

for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => choose(button.dataset.language));
}
// Paper cannot unfold anything.
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
});
for (const coverage of covered.toSorted((a, b) => isProblem(b) - isProblem(a))) {
  if (!coverage.letters) continue;
  [view.coverage, view.year] = [coverage, yearToShow(coverage)];
  break;
}
choose(/^zh\b/i.test(navigator.language) ? "zh" : "en");
