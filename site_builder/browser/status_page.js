// Says how old the last night is by the reader's clock. A build that is looked at where it was
// made keeps the date alone: it is no statement about today.
const DAY = 24 * 3600 * 1000;

function daysSince(published, now) {
  const then = Date.parse(published);
  return Number.isNaN(then) ? null : Math.floor((now - then) / DAY);
}

function isLocal(place) {
  return place.protocol === "file:" || ["localhost", "127.0.0.1", "[::1]"].includes(place.hostname);
}

for (const line of document.querySelectorAll(".night[data-published]")) {
  const days = daysSince(line.dataset.published, Date.now());
  const longest = Number(line.dataset.longestDays);
  const asked = new URLSearchParams(location.search).has("published"); // as a reader elsewhere sees it
  if (days === null || days <= longest || (isLocal(location) && !asked)) continue;
  const notice = document.createElement("p");
  notice.className = "notice";
  notice.setAttribute("role", "status");
  notice.textContent = `The nightly run has not published for ${days} days, so everything below is stale.`;
  line.before(notice);
  for (const state of document.querySelectorAll("table.status .state")) {
    state.className = "state state-stale";
    state.textContent = "stale";
  }
}
