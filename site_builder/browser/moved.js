// At the address of a renamed entry: go to where it is now, unless the reader came back from there.
const link = document.querySelector(".lead a");
if (link) location.replace(link.href);
