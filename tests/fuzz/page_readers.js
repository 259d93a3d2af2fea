// What the browser reads of other people's: each reader answers null where it took the input, and else the
// problem that it tells its reader. Anything but such a problem is thrown on. One of `shownOf` graphs and states
// that were taken is also shown, which takes long.
async ([assets, shownOf]) => {
  const load = (name) => import(`${assets}/${name}`);
  const { readFile: readGraph } = await load("graph/reading/open_file.js");
  const { Graph } = await load("graph/data/graph.js");
  const { GraphProblem } = await load("graph/data/problem.js");
  const { Explorer } = await load("graph/explorer.js");
  const { WorkerLink } = await load("graph/worker/worker_link.js");
  const { readAddress, writeAddress } = await load("graph/state/address.js");
  const { readFile: readLists } = await load("lists/files.js");
  const { sharedList } = await load("lists/share.js");
  const { ListProblem } = await load("lists/store.js");

  async function problemOf(read) {
    try {
      await read();
      return null;
    } catch (problem) {
      if (problem instanceof GraphProblem || problem instanceof ListProblem) return problem.message;
      throw problem;
    }
  }
  const file = (letters) => new File([Uint8Array.from(atob(letters), (each) => each.charCodeAt(0))], "a file");

  async function show(graph) {
    const explorer = new Explorer(document.querySelector(".explorer"), graph, new WorkerLink());
    await explorer.open();
    explorer.close();
  }

  let taken = 0;
  const isShown = () => taken++ % shownOf === 0;

  async function goTo(address) {
    const { resting, graph, store } = window.graphExplorer;
    const told = (hash) => readAddress(hash, resting, graph).state;
    const state = told(address);
    const written = writeAddress(state, resting, graph);
    if (writeAddress(told(written), resting, graph) !== written) throw new Error(`${address} becomes ${written}, and that something else`);
    if (!isShown()) return;
    store.replace(state);
    await window.graphExplorer.showGraph();
  }

  window.pageReaders = {
    graph: (letters) => problemOf(async () => {
      const graph = new Graph(await readGraph(file(letters)), "a file");
      if (isShown()) await show(graph);
    }),
    state: (address) => problemOf(() => goTo(address)),
    lists: (letters) => problemOf(() => readLists(file(letters))),
    list: (address) => problemOf(() => sharedList(address)),
  };
}
