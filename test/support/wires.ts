import type { Passage, TcpProxy, Way } from './tcp-proxy.ts'

/** A server behind a proxy, and the loopback address that it calls others from. */
export interface Wired {
  readonly address: string
  readonly proxy: TcpProxy | undefined
}

export interface Cut {
  readonly from: readonly Wired[]
  readonly to: readonly Wired[]
  /** `swallows`: connections stay open and carry nothing. `breaks`: they are reset, and so are new ones. */
  readonly how: Exclude<Passage, 'passes'>
  /** Whether bytes still go from `to` to `from`. Of no effect for connections that are reset. */
  readonly oneWay?: boolean
}

/** What gets from one server to another when each stands behind a proxy, in whichever direction their connections were made. */
export class Wires {
  readonly #all: readonly Wired[]
  #cuts: readonly Cut[] = []

  constructor(all: readonly Wired[]) {
    this.#all = all
  }

  cut(cut: Cut): void {
    this.#cuts = [...this.#cuts, cut]
    this.#apply()
  }

  /** Everything goes through again, and what was on its way arrives late. */
  mend(): void {
    this.#cuts = []
    this.#apply()
  }

  #apply(): void {
    for (const { proxy, address } of this.#all) {
      proxy!.guard((caller, way: Way) =>
        way === 'there' ? this.#passage(caller, address) : this.#passage(address, caller),
      )
    }
  }

  #passage(from: string, to: string): Passage {
    const has = (side: readonly Wired[], address: string) => side.some((wired) => wired.address === address)
    const cut = this.#cuts.find(
      (it) => (has(it.from, from) && has(it.to, to)) || (it.oneWay !== true && has(it.from, to) && has(it.to, from)),
    )
    return cut?.how ?? 'passes'
  }
}
