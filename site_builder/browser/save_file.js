// Gives the reader a file that was made in the page.
const KEPT = 10000; // milliseconds, which the browser has for fetching it

export function saveFile(name, content, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT);
}
