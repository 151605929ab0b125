// What happens to the live connections of a page: how its WebSockets and event streams open and end.

/** Watches every page of a person from its first script on; read with `liveOf`. */
export function watchLive(person) {
  return person.context.addInitScript(() => {
    const seen = { sockets: [], streams: [] };
    Object.defineProperty(globalThis, 'gatewrightLive', { value: seen });
    const NativeSocket = globalThis.WebSocket;
    globalThis.WebSocket = class extends NativeSocket {
      constructor(...args) {
        super(...args);
        const entry = { url: this.url, open: false, messages: 0, close: null };
        seen.sockets.push(entry);
        this.addEventListener('open', () => (entry.open = true));
        this.addEventListener('message', () => (entry.messages += 1));
        this.addEventListener('close', ({ code, reason, wasClean }) => {
          entry.open = false;
          entry.close = { code, reason, wasClean };
        });
      }
    };
    const NativeSource = globalThis.EventSource;
    globalThis.EventSource = class extends NativeSource {
      constructor(...args) {
        super(...args);
        const entry = { url: this.url, open: false };
        seen.streams.push(entry);
        this.addEventListener('open', () => (entry.open = true));
        this.addEventListener('error', () => (entry.open = false));
      }
    };
  });
}

/** The live connections that the page began. */
export function liveOf(person) {
  return person.page.evaluate(() => globalThis.gatewrightLive);
}
