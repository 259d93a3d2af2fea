// A list that is drawn anew while a pointer is down on it would lose the click.
/** A function that draws, or waits until the pointer on the list is up and its click is done. */
export function heldWhilePressed(list, draw) {
  let pressed = false;
  let owed = false;
  list.addEventListener("pointerdown", () => { pressed = true; });
  const release = () => setTimeout(() => {
    pressed = false;
    if (!owed) return;
    owed = false;
    draw();
  });
  for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, release);
  return () => {
    if (pressed) owed = true;
    else draw();
  };
}
