// Preludes: nothing of the users goes before they are over, and nobody keeps them from it.
import type { Simulation } from "../simulation.ts"
import { hasRoom, isHealthy } from "./sending.ts"
import { must } from "./violation.ts"

const first = "preludes go first"

export class Preluding {
  private readonly simulation: Simulation
  private early: string | undefined = undefined

  constructor(simulation: Simulation) {
    this.simulation = simulation
    const { client, preludes } = simulation
    client.wire.onUser = ({ link, number }) => {
      const owed = preludes.isOwed(link)
      if (owed !== undefined) this.early ??= `#${number} went out on link ${link} before prelude ${owed.name} was over`
    }
  }

  check(): void {
    const { client, peers, preludes } = this.simulation
    must(this.early === undefined, first, () => this.early!)
    must(preludes.wrong.length === 0, first, () => preludes.wrong[0]!)
    if (client.session === undefined || !isHealthy(this.simulation, peers.latest)) return
    const owed = preludes.isOwed(client.links.length)
    if (owed === undefined) return
    const running = preludes.all.find(({ running }) => running !== undefined)
    must(running !== undefined, first, () => `prelude ${owed.name} does not run in session ${client.session}`)
    must(!running!.sending || !hasRoom(this.simulation), first, () => `prelude ${running!.name} is not let to send`)
  }

  checkEnd(): void {}
}
