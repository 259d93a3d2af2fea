// The explorer's page, put together: toolbar, link graph, pinned nodes, the tabs at the side.
import { make } from "../../elements.js";
import { ComparePanel } from "../comparing/compare_panel.js";
import { ContributePanel } from "../contributing/contribute_panel.js";
import { ExportPanel } from "../exporting/export_panel.js";
import { connectCommands } from "../keyboard/commands.js";
import { Help } from "../keyboard/help.js";
import { LinkView } from "../link_view/link_view.js";
import { NodePanel } from "../node/node_panel.js";
import { PathsPanel } from "../paths/paths_panel.js";
import { SubgraphView } from "../subgraph/subgraph_view.js";
import { Toolbar } from "../toolbar/toolbar.js";
import { SideTabs } from "./side_tabs.js";
import { Tables } from "./tables.js";
import { ThresholdBar } from "./threshold_bar.js";

/** Makes the panes of an explorer, as fields of it, and puts them into its page. */
export function buildPanes(explorer) {
  explorer.links = new LinkView(explorer);
  explorer.thresholds = new ThresholdBar(explorer);
  explorer.subgraph = new SubgraphView(explorer);
  explorer.toolbar = new Toolbar(explorer);
  explorer.help = new Help();
  explorer.message = make("p", "explorer-message");
  explorer.message.setAttribute("role", "status");
  explorer.views = make("div", "views");
  explorer.views.append(explorer.links.root);
  const graphPane = make("section", "pane graph-pane");
  graphPane.setAttribute("aria-label", "Link graph");
  graphPane.append(explorer.views, explorer.thresholds.root);
  const panes = make("div", "panes");
  panes.append(graphPane, explorer.subgraph.root, sidePane(explorer));
  explorer.root.replaceChildren(explorer.toolbar.root, explorer.message, panes, explorer.help.root);
  connectCommands(explorer);
}

function sidePane(explorer) {
  explorer.panel = new NodePanel(explorer);
  explorer.compare = new ComparePanel(explorer);
  const panels = [
    ["paths", "Paths", new PathsPanel(explorer)],
    ["tables", "Tables", new Tables(explorer)],
    ["compare", "Compare", explorer.compare],
    ["export", "Export", new ExportPanel(explorer)],
    ["contribute", "Contribute", new ContributePanel(explorer)],
  ];
  explorer.side = new SideTabs(explorer, [
    ["node", "Node", explorer.panel.root, null],
    ...panels.map(([name, words, panel]) => [name, words, panel.root, () => panel.show()]),
  ]);
  return explorer.side.root;
}
