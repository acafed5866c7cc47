// Requests to the server: tried again while there is no connection, one picture at a time on its way.

const FIRST_WAIT = 500;
const LONGEST_WAIT = 8000;
const KEPT_PICTURES = 240;

// The line that the server answered an error with.
export class Refused extends Error {
  constructor(status, line) {
    super(line);
    this.status = status;
  }
}

export const stopped = (error) => error.name === 'AbortError';

export class Api extends EventTarget {
  constructor() {
    super();
    this.token = new URLSearchParams(location.search).get('token') || '';
    this.client = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    this.away = false;
    this.waiting = new Set();
    window.addEventListener('online', () => this.retry());
  }

  // Tries again at once whatever waits for the connection.
  retry() {
    [...this.waiting].forEach((go) => go());
  }

  // Sends a request until an answer comes. `body` may be a function: it is asked again before every attempt.
  async send(path, { method = 'POST', body = null, signal = null } = {}) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const content = typeof body === 'function' ? body() : body;
        const kind = typeof content === 'string' ? { 'Content-Type': 'application/json' } : {};
        const answer = await fetch(path, {
          method, signal, body: content, cache: 'no-store',
          headers: { Authorization: `Bearer ${this.token}`, 'X-Client': this.client, ...kind },
        });
        if (answer.status !== 503) {
          this.tell(false);
          if (!answer.ok) throw new Refused(answer.status, await lineOf(answer));
          return answer;
        }
      } catch (error) {
        if (error instanceof Refused || stopped(error)) throw error;
      }
      this.tell(true);
      await this.pause(Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt), signal);
    }
  }

  async json(path, value, signal = null) {
    const body = value === undefined ? null : JSON.stringify(value);
    return (await this.send(path, { method: body === null ? 'GET' : 'POST', body, signal })).json();
  }

  tell(away) {
    if (this.away === away) return;
    this.away = away;
    this.dispatchEvent(new Event('connection'));
  }

  pause(time, signal) {
    return new Promise((resolve, reject) => {
      const done = (finish, value) => () => {
        clearTimeout(timer);
        this.waiting.delete(go);
        if (signal) signal.removeEventListener('abort', stop);
        finish(value);
      };
      const go = done(resolve);
      const stop = done(reject, new DOMException('stopped', 'AbortError'));
      const timer = setTimeout(go, time);
      this.waiting.add(go);
      if (signal) signal.addEventListener('abort', stop);
    });
  }
}

async function lineOf(answer) {
  try {
    return (await answer.json()).error || answer.statusText;
  } catch {
    return answer.statusText || `the server answered ${answer.status}`;
  }
}

// What decides a picture. Strokes that are off do not, and all pictures without strokes are one.
export function pictureKey({ latent, strokes }, size) {
  return JSON.stringify([latent, strokes.filter((stroke) => stroke.on), size || 0]);
}

// Pictures: the newest wanted one goes first and those it overtakes are dropped; small ones follow in their order.
export class Pictures {
  constructor(api) {
    Object.assign(this, { api, wanted: null, small: [], busy: false, kept: new Map() });
  }

  // Asks for the picture on the stage. `done` gets it unless a newer one was wanted before it was sent.
  main(shown, done, failed) {
    this.wanted = { shown, done, failed };
    this.pump();
  }

  // Returns a picture beside the stage.
  beside(shown, size, signal = null) {
    return new Promise((done, failed) => {
      this.small.push({ shown, size, signal, done, failed });
      this.pump();
    });
  }

  async pump() {
    if (this.busy) return;
    this.busy = true;
    for (let next = this.take(); next; next = this.take()) await this.serve(next);
    this.busy = false;
  }

  take() {
    const { wanted } = this;
    if (wanted) {
      this.wanted = null;
      return wanted;
    }
    let next = this.small.shift();
    while (next && next.signal && next.signal.aborted) next = this.small.shift();
    return next;
  }

  async serve(request) {
    let current = request;
    // While there is no connection, a newer picture takes the place of the one that waits.
    const newest = () => {
      if (!current.size && this.wanted) {
        current = this.wanted;
        this.wanted = null;
      }
      const { latent, strokes } = current.shown;
      return JSON.stringify({ latent, strokes, ...(current.size ? { size: current.size } : {}) });
    };
    try {
      const kept = this.kept.get(pictureKey(current.shown, current.size));
      const blob = kept || (await (await this.api.send('/api/picture', { body: newest, signal: current.signal })).blob());
      this.keep(pictureKey(current.shown, current.size), blob);
      await current.done(blob, current.shown);
    } catch (error) {
      if (current.failed && !stopped(error)) current.failed(error);
    }
  }

  keep(key, blob) {
    this.kept.delete(key);
    this.kept.set(key, blob);
    if (this.kept.size > KEPT_PICTURES) this.kept.delete(this.kept.keys().next().value);
  }
}
