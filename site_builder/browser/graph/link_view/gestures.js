// What a pointer means: mouse, pen and fingers. Click or tap selects, a long press or Ctrl-click
// pins, a drag moves, wheel or two fingers zoom, Shift and a drag draws a lasso.
const SLOP = 6; // pixels that a finger may tremble
const LONG = 550; // milliseconds
const WHEEL_STEP = 0.0016; // of zoom per unit of the wheel

export class Gestures {
  /** `act` has hover, leave, select, pin, pan, zoom, lasso, lassoEnd, rest; places are of the element. */
  constructor(element, act) {
    this.element = element;
    this.act = act;
    this.pointers = new Map();
    this.lassoing = false;
    this.wantsLasso = false;
    const on = (name, work, options) => element.addEventListener(name, (event) => work.call(this, event), options);
    on("pointerdown", this.down);
    on("pointermove", this.move);
    on("pointerup", this.up);
    on("pointercancel", this.cancel);
    on("pointerleave", () => act.leave());
    on("wheel", this.wheel, { passive: false });
    on("dblclick", (event) => event.preventDefault());
    on("contextmenu", (event) => this.pressed && event.preventDefault());
  }

  place(event) {
    const box = this.element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  down(event) {
    if (event.button !== 0) return;
    const place = this.place(event);
    this.pointers.set(event.pointerId, { start: place, last: place, dragged: false });
    this.element.setPointerCapture(event.pointerId);
    this.pressed = false;
    clearTimeout(this.timer);
    if (this.pointers.size === 1) {
      this.lassoing = event.shiftKey || this.wantsLasso;
      if (this.lassoing) this.act.lasso(place, true);
      else if (event.pointerType !== "mouse") this.timer = setTimeout(() => this.longPress(event.pointerId), LONG);
    }
  }

  longPress(id) {
    const pointer = this.pointers.get(id);
    if (!pointer || pointer.dragged || this.pointers.size !== 1) return;
    this.pressed = true;
    this.act.pin(...pointer.start);
  }

  move(event) {
    const pointer = this.pointers.get(event.pointerId);
    const place = this.place(event);
    if (!pointer) {
      if (event.pointerType === "mouse") this.act.hover(...place);
      return;
    }
    const far = Math.hypot(place[0] - pointer.start[0], place[1] - pointer.start[1]);
    if (far > SLOP) pointer.dragged = true;
    if (this.pointers.size === 2) this.pinch(event.pointerId, place);
    else if (this.lassoing) this.act.lasso(place, false);
    else if (pointer.dragged && !this.pressed) this.act.pan(place[0] - pointer.last[0], place[1] - pointer.last[1]);
    if (pointer.dragged || this.pointers.size === 2) pointer.last = place;
  }

  pinch(id, place) {
    const [other] = [...this.pointers].filter(([each]) => each !== id).map(([, each]) => each.last);
    const before = this.pointers.get(id).last;
    const factor = distance(place, other) / Math.max(distance(before, other), 1);
    this.act.pan((place[0] - before[0]) / 2, (place[1] - before[1]) / 2);
    this.act.zoom(factor, (place[0] + other[0]) / 2, (place[1] + other[1]) / 2);
    for (const each of this.pointers.values()) each.dragged = true;
  }

  up(event) {
    const pointer = this.pointers.get(event.pointerId);
    this.pointers.delete(event.pointerId);
    clearTimeout(this.timer);
    if (!pointer) return;
    if (this.lassoing) {
      this.lassoing = false;
      this.act.lassoEnd();
    } else if (pointer.dragged) this.act.rest();
    else if (!this.pressed) {
      if (event.ctrlKey || event.metaKey) this.act.pin(...pointer.start);
      else this.act.select(...pointer.start);
    }
  }

  cancel(event) {
    this.pointers.delete(event.pointerId);
    clearTimeout(this.timer);
    this.lassoing = false;
  }

  wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    this.act.zoom(Math.exp(-event.deltaY * lines * WHEEL_STEP * (event.ctrlKey ? 4 : 1)), ...this.place(event));
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.act.rest(), 200);
  }
}

function distance(first, second) {
  return Math.hypot(first[0] - second[0], first[1] - second[1]);
}
