// The tab that turns what a reader has marked into a draft entry: as files, or as a new file on the
// repository's host, filled in.
import { make } from "../../elements.js";
import { saveFile } from "../../save_file.js";
import { button } from "../pieces.js";
import { HANDLE, SLUG, circuitYaml, promptsJsonl, slugOf } from "./contribution.js";

const LONGEST_ADDRESS = 7500; // characters that hosts surely take

export class ContributePanel {
  constructor(explorer) {
    this.explorer = explorer;
    this.root = make("div", "side-panel contribute-panel");
    this.repository = explorer.root.dataset.repository ?? "";
    const title = String(explorer.graph.about.title ?? "");
    this.fields = {
      id: this.field("Id of the new entry", slugOf(`my-${title}`, "my-circuit"), SLUG),
      title: this.field("Title", title.slice(0, 90)),
      name: this.field("Your name", ""),
      handle: this.field("Your account name", "", HANDLE),
    };
  }

  field(words, value, pattern = null) {
    const input = make("input", "tool-text");
    input.value = value;
    input.setAttribute("aria-label", words);
    input.addEventListener("input", () => {
      input.setAttribute("aria-invalid", String(Boolean(pattern && input.value && !pattern.test(input.value))));
      this.write();
    });
    input.dataset.words = words;
    return input;
  }

  build() {
    const words = make("p", "panel-facts", "Your groups, pins and labels as a draft entry: groups and pinned features become parts, links between them expected edges. They stay in this browser until you send them.");
    const form = make("div", "contribute-form");
    for (const input of Object.values(this.fields)) {
      const line = make("label", "", input.dataset.words);
      line.append(input);
      form.append(line);
    }
    this.text = make("pre", "contribution");
    this.text.tabIndex = 0;
    this.text.setAttribute("aria-label", "The draft entry");
    const bar = make("div", "node-actions");
    bar.append(
      button("circuit.yaml", () => saveFile("circuit.yaml", this.yaml, "application/yaml")),
      button("prompts.jsonl", () => saveFile("prompts.jsonl", promptsJsonl(this.explorer, this.id()), "application/jsonl")),
    );
    this.link = make("a", "tool", "Open as a new file in the repository");
    this.link.rel = "noopener";
    this.note = make("p", "panel-facts");
    this.root.append(make("h2", "", "Contribute"), words, form, bar, this.link, this.note, this.text);
  }

  show() {
    if (!this.text) this.build(); // once: what a reader presses or writes in stays where it is
    this.write();
  }

  id() {
    const { value } = this.fields.id;
    return SLUG.test(value) ? value : "my-circuit";
  }

  write() {
    const who = { id: this.id(), title: this.fields.title.value, name: this.fields.name.value, handle: this.fields.handle.value };
    this.yaml = circuitYaml(this.explorer, who, new Date().toISOString().slice(0, 10));
    this.text.textContent = this.yaml;
    const address = newFileAddress(this.repository, who.id, this.yaml);
    this.link.hidden = !address;
    if (address) this.link.href = address;
    if (address) this.note.textContent = `Add prompts.jsonl beside it, then run: atlas check circuits/${who.id}`;
    else this.note.textContent = this.repository ? "This draft is too long for an address: save the file and add it to the repository." : "This site names no repository: save the files into circuits/ of your copy, then run atlas check.";
  }
}

/** The host's page for a new file with this content; empty where there is no host or it is too long. */
export function newFileAddress(repository, id, yaml) {
  if (!/^https:\/\/[\w.-]+\/[\w./-]+$/.test(repository)) return "";
  const query = new URLSearchParams({ filename: "circuit.yaml", value: yaml });
  const address = `${repository.replace(/\/+$/, "")}/new/main/circuits/${id}?${query}`;
  return address.length <= LONGEST_ADDRESS ? address : "";
}
