/** Where the numbers come from, how good they are, and what they must not be used for. */

import { make } from "./dom.js";
import { folding } from "./fold.js";
import { clock, percent } from "./format.js";
import { pipelines } from "./pipelines.js";

/** The closing section. */
export function aboutSection(data) {
  return folding("about", "About these numbers", ...data.models.map(modelText), limits(data), ...pipelines(data.recordings), files(data));
}

function modelText(model) {
  const parts = [make("strong", { text: `Network ${model.name ?? "without a name"}. ` })];
  if (model.scores) {
    const weak = Object.entries(model.scores.recall ?? {}).sort((a, b) => a[1] - b[1]).slice(0, 3);
    parts.push(
      `Of ${model.scores.n?.toLocaleString("en") ?? ""} labelled faces that it had not learned from (FER2013 PublicTest) it names ${percent(model.scores.accuracy)} as the labels do. ` +
        `Weakest: ${weak.map(([label, recall]) => `${label} (finds ${percent(recall)})`).join(", ")}. `,
    );
  } else parts.push("No measured accuracy is known for it. ");
  if (model.sha256) parts.push(make("code", { text: `sha256 ${model.sha256}` }));
  return make("p", {}, ...parts);
}

function limits(data) {
  const unsure = data.recordings.some((each) => each.people.some((person) => person.numbers.unsure));
  return make("ul", {},
    make("li", { text: "Small, dim, blurred and turned faces are named worse. Hatched stretches are unsure: no label, or one with less than half of the probability." }),
    unsure ? make("li", { text: "\u201cUnsure\u201d is time in which the face was seen but its expression could not be told: it has no label, and shares are of the rest." }) : null,
    make("li", { text: "A label is given once it has held for a moment. Until then a stretch has no label, also where one probability is high." }),
    make("li", { text: "\u201cNot in view\u201d is the share of time in which no face of that person was found. Every other number is of the rest." }),
    make("li", { text: "Tables are exact sums of the timeline. Curves are drawn in steps of 0.4 %." }),
    make("li", { text: "A person who leaves and comes back may be counted as another person." }),
  );
}

function files(data) {
  const rows = data.recordings.map((recording) =>
    make("tr", {},
      make("td", { text: recording.name }),
      make("td", { text: `${recording.file}${recording.complete ? "" : " (cut short)"}` }),
      make("td", { class: "number", text: clock(recording.end - recording.start, 1) }),
      make("td", {}, make("code", { text: recording.sha256 }))),
  );
  const head = ["Recording", "Timeline", "Length", "SHA-256 of the timeline"].map((text) => make("th", { scope: "col", text }));
  return make("div", {},
    make("div", { class: "scroll" }, make("table", {}, make("caption", { text: "Files" }), make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows))),
    data.align ? make("p", { class: "note", text: data.clock ? `The recordings are aligned by the ${data.clock} in their files.` : `The recordings are aligned at the first \u201c${data.align}\u201d of each.` }) : null,
    make("p", { class: "note", text: `Made by ferpipe ${data.version}.` }));
}

/** What the numbers must not be used for; never folded. */
export function useSection() {
  return make("footer", { class: "use", id: "use" },
    make("p", {}, make("strong", { text: "An expression is not a feeling. " }),
      "How people show anger or joy differs between situations, cultures and persons (Barrett et al. 2019, doi:10.1177/1529100619832930). These labels say what a face resembles in the eyes of those who labelled a data set. Decide nothing about anybody by them."),
    make("p", { text: "In the European Union, systems that infer emotions at work and in education are prohibited except for medical or safety reasons (AI Act, Article 5(1)(f)); elsewhere the people who are looked at must be informed. Faces are personal data: keep this file accordingly." }));
}
