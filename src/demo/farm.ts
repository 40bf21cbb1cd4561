// The three replicas behind a balancer, as whoever runs them has them: restarted one by one, and one of them late.
import type { Balancer } from './balancer.js';
import { ReplicaProcess } from './child.js';
import { DemoFault } from './fault.js';
import type { Belongings } from './messages.js';
import type { ReplicaSeen } from './scene.js';

export const NAMES = ['a', 'b', 'c'] as const;
export type ReplicaName = (typeof NAMES)[number];

/** What everybody calls it: whichever process runs there, its reports name it so. */
export function unitOf(name: ReplicaName): string {
  return `replica-${name}`;
}

type Variables = Readonly<Record<string, string>>;

export class Farm {
  readonly #belongings: Belongings;
  readonly #balancer: Balancer;
  readonly #broke: (fault: DemoFault) => void;
  readonly #replicas = new Map<ReplicaName, ReplicaProcess>();
  readonly #ports = new Map<ReplicaName, number>();
  #isOver = false;

  /** @param broke told when a replica ends by itself */
  constructor(belongings: Belongings, balancer: Balancer, broke: (fault: DemoFault) => void) {
    this.#belongings = belongings;
    this.#balancer = balancer;
    this.#broke = broke;
  }

  async start(variables: Variables): Promise<void> {
    await Promise.all(NAMES.map((name) => this.#begin(name, variables)));
  }

  /** Takes it out of the balancer, ends it, and starts it anew. */
  async restart(name: ReplicaName, variables: Variables): Promise<void> {
    const port = this.#ports.get(name);
    this.#ports.delete(name);
    if (port !== undefined) this.#balancer.remove(port);
    await this.#replicas.get(name)?.end();
    await this.#begin(name, variables);
  }

  replica(name: ReplicaName): ReplicaProcess {
    return this.#replicas.get(name) as ReplicaProcess;
  }

  /** None is started any more: a restart may be under way. */
  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all([...this.#replicas.values()].map((replica) => replica.end()));
  }

  get seen(): readonly ReplicaSeen[] {
    return NAMES.map((name) => {
      const replica = this.#replicas.get(name);
      const serves = this.#ports.has(name);
      return {
        name: unitOf(name),
        doing: replica?.isStill === true ? 'stands still' : serves ? 'serves' : 'starts',
        pid: replica?.pid,
        keys: replica?.keys,
      };
    });
  }

  async #begin(name: ReplicaName, variables: Variables): Promise<void> {
    if (this.#isOver) throw new DemoFault('no replica is started any more', 'run the demo again');
    const replica = new ReplicaProcess(
      { ...variables, KEYTURN_INSTANCE: unitOf(name) },
      this.#belongings,
      this.#broke,
    );
    this.#replicas.set(name, replica);
    const port = await replica.ready();
    this.#ports.set(name, port);
    this.#balancer.add(port);
  }
}
