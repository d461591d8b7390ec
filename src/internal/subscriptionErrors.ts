/**
 * Why the subscribers of one key are let down.
 */
import * as Duration from "effect/Duration"
import { format } from "effect/Formatter"
import * as Schema from "effect/Schema"

/**
 * The peer refused the subscription: `confirm` said so of `reply`.
 */
export class SubscriptionRefused extends Schema.TaggedError<SubscriptionRefused>("holdfast/SubscriptionRefused")(
  "SubscriptionRefused",
  { key: Schema.Unknown, reply: Schema.Unknown }
) {
  override get message(): string {
    return `the subscription to ${String(this.key)} was refused: ${format(this.reply).slice(0, 200)}`
  }
}

/**
 * The peer did not confirm the subscription within `timeout` of its `open`.
 */
export class SubscriptionTimedOut extends Schema.TaggedError<SubscriptionTimedOut>("holdfast/SubscriptionTimedOut")(
  "SubscriptionTimedOut",
  { key: Schema.Unknown, timeout: Schema.Duration }
) {
  override get message(): string {
    return `the subscription to ${String(this.key)} was not confirmed within ${Duration.format(this.timeout)}`
  }
}

/**
 * A subscriber did not take its messages in time, and more waited for it than it
 * may keep.
 */
export class SubscriptionOverflow extends Schema.TaggedError<SubscriptionOverflow>("holdfast/SubscriptionOverflow")(
  "SubscriptionOverflow",
  { key: Schema.Unknown, messages: Schema.Number }
) {
  override get message(): string {
    return `a subscriber of ${String(this.key)} is too slow: ${this.messages} messages wait for it; ` +
      "read faster, or choose another `buffer`"
  }
}
