// Ranks the results of a search: Sphinx's numbers, but headings that contain the whole query come first.
var Scorer = {
  score: ([, , , , score, , kind]) => (kind === "title" ? score + 15 : score),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
