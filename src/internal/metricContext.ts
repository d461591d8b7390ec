/**
 * The context in which a connection's metrics are updated: its registry, and the
 * attribute `connection`.
 *
 * A metric finds its series by the identity of the attributes in the context.
 * So all connections of one name share one context: thousands of heartbeats a
 * second then look their series up, and make no key.
 */
import * as Context from "effect/Context"
import * as Metric from "effect/Metric"

type ByName = Map<string, Context.Context<never>>

const contexts = new WeakMap<Metric.MetricRegistry, WeakMap<Metric.Metric.AttributeSet, ByName>>()

// Names are few, but they may come from urls.
const mostNames = 1000

/** The context for a connection's name, with the registry and the attributes of the context around. */
export const metricContext = (around: Context.Context<never>, connection: string): Context.Context<never> => {
  const registry = Context.get(around, Metric.MetricRegistry)
  const attributes = Context.get(around, Metric.CurrentMetricAttributes)
  const byName = entry(entry(contexts, registry, () => new WeakMap()), attributes, () => new Map() as ByName)
  let context = byName.get(connection)
  if (context === undefined) {
    if (byName.size >= mostNames) byName.clear()
    context = Context.make(Metric.MetricRegistry, registry).pipe(
      Context.add(Metric.CurrentMetricAttributes, { ...attributes, connection })
    )
    byName.set(connection, context)
  }
  return context
}

const entry = <K extends object, V>(map: WeakMap<K, V>, key: K, make: () => V): V => {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}
