// Sends requests over keep-alive connections, and as little else as it can: a client that costs more than the server
// would be what is measured. Each response is known by its length, since all of them are the same but for the date.
import { connect } from 'node:net';

/**
 * @param {{ port: number, cookies: readonly string[], connections: number }} to each connection takes turns among
 * cookies of its own
 */
export async function openLoad({ port, cookies, connections }) {
  const clients = await Promise.all(
    Array.from({ length: connections }, async (_, n) => {
      const own = cookies.filter((_, at) => cookies.length < connections || at % connections === n);
      return await Client.open(port, own.map(requestOf));
    }),
  );
  return {
    /** Sends so many requests in all. @returns seconds */
    run: async (requests) => {
      const begin = process.hrtime.bigint();
      const each = Math.ceil(requests / connections);
      await Promise.all(clients.map((client) => client.send(each)));
      return Number(process.hrtime.bigint() - begin) / 1e9;
    },
    close: () => {
      for (const client of clients) client.close();
    },
  };
}

function requestOf(cookie) {
  return Buffer.from(`GET / HTTP/1.1\r\nhost: 127.0.0.1\r\ncookie: ${cookie}\r\n\r\n`, 'latin1');
}

/** Of `HTTP/1.1 200 OK`. */
const TWO = '2'.charCodeAt(0);

class Client {
  #socket;
  #requests;
  #next = 0;
  #length;
  #got = 0;
  #left = 0;
  #done = () => {};
  #failed = () => {};

  static async open(port, requests) {
    const client = new Client();
    client.#requests = requests;
    client.#socket = connect(port, '127.0.0.1').setNoDelay();
    await new Promise((done, failed) => client.#socket.once('connect', done).once('error', failed));
    client.#length = await client.#lengthOfAnswer();
    client.#socket.on('data', (chunk) => client.#receive(chunk));
    client.#socket.on('error', (error) => client.#failed(error));
    client.#socket.on('close', () => client.#failed(new Error('the server closed a connection')));
    return client;
  }

  send(count) {
    this.#left = count;
    return new Promise((done, failed) => {
      this.#done = done;
      this.#failed = failed;
      this.#ask();
    });
  }

  close() {
    this.#failed = () => {};
    this.#socket.destroy();
  }

  #ask() {
    this.#got = 0;
    this.#socket.write(this.#requests[this.#next++ % this.#requests.length]);
  }

  #receive(chunk) {
    const status = this.#got > 0 || chunk[9] === TWO;
    this.#got += chunk.length;
    if (!status || this.#got > this.#length)
      this.#failed(new Error(`not the answer that was expected: ${chunk}`));
    else if (this.#got < this.#length) return;
    else if (--this.#left === 0) this.#done();
    else this.#ask();
  }

  async #lengthOfAnswer() {
    this.#ask();
    let text = '';
    for (;;) {
      text += await new Promise((done) =>
        this.#socket.once('data', (chunk) => done(chunk.toString('latin1'))),
      );
      const header = text.indexOf('\r\n\r\n') + 4;
      const length = header + Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? Number.NaN);
      if (!text.startsWith('HTTP/1.1 200')) throw new Error(`not the answer that was expected: ${text}`);
      if (header > 4 && text.length >= length) return length;
    }
  }
}
