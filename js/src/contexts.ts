// Browsers keep about 16 WebGL contexts per page; one more kills the oldest, whoever owns it.
//
// Viewers that are off screen give their context up before that happens and get one again when they
// come back into sight.

/** Leaves some of the 16 to other plots on the page. */
const MAX_LIVE = 12;

export interface Claimant {
  readonly onScreen: boolean;
  /** Give the WebGL context up, keeping the state and a picture. */
  pause(): void;
}

/** In the order of their last use, the oldest first. */
const live = new Set<Claimant>();

/** Whether one more context costs nobody else theirs. */
export function hasRoom(): boolean {
  return live.size < MAX_LIVE;
}

/** Make room for one more context, pausing viewers that nobody sees. */
export function claimContext(claimant: Claimant): void {
  live.delete(claimant);
  for (const other of [...live]) {
    if (live.size < MAX_LIVE) break;
    if (!other.onScreen) other.pause();
  }
  live.add(claimant);
}

export function releaseContext(claimant: Claimant): void {
  live.delete(claimant);
}

/** Whether so many viewers are in sight that the browser has to take contexts away. */
export function crowded(): boolean {
  return live.size > MAX_LIVE + 2;
}
