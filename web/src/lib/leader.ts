/**
 * Of several tabs one rings. onLead is called when this tab is that one; it
 * stays so until it is closed or release is called. Without the browser's
 * locks, as on plain http, each tab leads.
 */
export function lead(name: string, onLead: () => void): () => void {
  const locks = (navigator as Partial<Navigator>).locks;
  if (!locks) {
    onLead();
    return () => undefined;
  }
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const giveUp = new AbortController();
  locks
    .request(name, { signal: giveUp.signal }, () => {
      onLead();
      return held;
    })
    .catch(() => undefined); // given up before it was our turn
  return () => {
    giveUp.abort();
    release();
  };
}
