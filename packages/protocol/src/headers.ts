/** The token, as `x-skyclaw-token: TOKEN` or `authorization: Bearer TOKEN`. */
export const tokenHeader = 'x-skyclaw-token'

/** Names the request of a client: sent again with the same key, it is the same request. */
export const idempotencyHeader = 'x-idempotency-key'

/** The standard's name of the same header, accepted too. */
export const idempotencyHeaderAlias = 'idempotency-key'

/**
 * On every attempt of a call after the first: how many came before it. A coordinator that sees it looks further for what an earlier
 * attempt may have done elsewhere.
 */
export const retryHeader = 'skyclaw-retry'
